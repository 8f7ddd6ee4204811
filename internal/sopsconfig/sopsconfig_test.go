package sopsconfig

import (
	"testing"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

func stack(name string, recipients ...string) *spec.Stack {
	s := &spec.Stack{Name: name}
	s.Flux.Path = "kubernetes/clusters/" + name
	if len(recipients) > 0 {
		s.Secrets.SOPS = &spec.SOPS{AgeRecipients: recipients}
	}
	return s
}

func TestFor_KeepsEachClustersSecretsToItself(t *testing.T) {
	got, any, err := For([]*spec.Stack{stack("home", "age1home", "age1new"), stack("lab", "age1lab"), stack("shed")})
	if err != nil || !any {
		t.Fatal(err, any)
	}
	golden.Check(t, "two.yaml", got)
}

func TestFor_IsNothingWithoutSOPS(t *testing.T) {
	if got, any, err := For([]*spec.Stack{stack("home")}); got != nil || any || err != nil {
		t.Errorf("%s, %t, %v", got, any, err)
	}
}
