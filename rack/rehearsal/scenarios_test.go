package rehearsal

import (
	"maps"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/rack/scenario"
)

func TestScenarios_AreThoseOfTheTable(t *testing.T) {
	want := append([]string{""}, scenario.Names()...)
	if got := slices.Sorted(maps.Keys(scenarios)); !slices.Equal(got, want) {
		t.Errorf("scenarios %v, the table has %v", got, want)
	}
}
