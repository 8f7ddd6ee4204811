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

func TestFor_EncryptsForEveryKindOfKey(t *testing.T) {
	s := stack("home", "age1home")
	s.Secrets.SOPS.PGP = &spec.SOPSPGP{Fingerprints: []string{"FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"}}
	s.Secrets.SOPS.KMS = []spec.SOPSKMS{
		{Provider: "aws", Keys: []string{"arn:aws:kms:eu-central-1:123456789012:key/1", "arn:aws:kms:eu-central-1:123456789012:key/2"}},
		{Provider: "gcp", Keys: []string{"projects/home/locations/global/keyRings/sops/cryptoKeys/flux"}},
		{Provider: "azure", Keys: []string{"https://home.vault.azure.net/keys/sops/0123456789abcdef0123456789abcdef"}},
	}
	got, _, err := For([]*spec.Stack{s, stack("lab", "age1lab")})
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "every-kind.yaml", got)
}

func TestFor_IsNothingWithoutSOPS(t *testing.T) {
	if got, any, err := For([]*spec.Stack{stack("home")}); got != nil || any || err != nil {
		t.Errorf("%s, %t, %v", got, any, err)
	}
}
