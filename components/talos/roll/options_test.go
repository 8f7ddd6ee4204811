package roll_test

import (
	"slices"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestOptionsOf_HaveWhatTheStackSaysOfRolls(t *testing.T) {
	stack := spectest.Home(t)
	stack.Cluster.Roll = spec.Roll{Order: []string{"worker-2"}, DrainTimeout: spec.Duration(45 * time.Minute)}
	options := roll.OptionsOf(stack)
	want := roll.DefaultLimits()
	want.Drain = 45 * time.Minute
	if options.Limits != want || !slices.Equal(options.First, stack.Cluster.Roll.Order) || len(options.Nodes) != len(stack.Nodes) {
		t.Errorf("%+v", options)
	}
}
