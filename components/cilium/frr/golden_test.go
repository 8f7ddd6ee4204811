package frr_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/cilium/frr"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestConfigs_MatchTheGoldens(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t), spectest.Load(t, "../testdata/Pulumi.dual.yaml"), spectest.Load(t, "../testdata/Pulumi.rack.yaml")} {
		configs, err := frr.Configs(stack)
		if err != nil {
			t.Errorf("%s: %v", stack.Name, err)
		}
		for router, got := range configs {
			golden.Check(t, stack.Name+"-"+router+".conf", got)
		}
	}
}
