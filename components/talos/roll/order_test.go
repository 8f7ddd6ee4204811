package roll_test

import (
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
)

func TestOrder_PutsReleasesOnControlPlanesFirstAndOtherChangesOnWorkers(t *testing.T) {
	nodes := []roll.Node{
		{Name: "cp-1", ControlPlane: true}, {Name: "worker-1"}, {Name: "cp-2", ControlPlane: true}, {Name: "worker-2"},
	}
	for _, test := range []struct {
		newRelease bool
		leader     string
		first      []string
		want       []string
	}{
		{true, "cp-1", nil, []string{"cp-2", "cp-1", "worker-1", "worker-2"}},
		{false, "cp-1", nil, []string{"worker-1", "worker-2", "cp-2", "cp-1"}},
		{true, "", nil, []string{"cp-1", "cp-2", "worker-1", "worker-2"}},
		{false, "cp-2", nil, []string{"worker-1", "worker-2", "cp-1", "cp-2"}},
		{false, "cp-1", []string{"worker-2", "cp-1"}, []string{"worker-2", "worker-1", "cp-1", "cp-2"}},
		{true, "cp-2", []string{"worker-2"}, []string{"cp-1", "cp-2", "worker-2", "worker-1"}},
	} {
		var got []string
		for _, n := range roll.Order(nodes, test.newRelease, test.leader, test.first) {
			got = append(got, n.Name)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("new release %t, leader %q: %v, want %v", test.newRelease, test.leader, got, test.want)
		}
	}
}
