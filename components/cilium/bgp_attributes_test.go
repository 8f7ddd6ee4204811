package cilium

import (
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

func TestBGP_MarksRoutesAndListensWhereTheStackSays(t *testing.T) {
	stack, problems := spec.LoadFile("testdata/Pulumi.dual.yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	build := func() *bgpEnd {
		plan, err := bgp.New(stack)
		if err != nil {
			t.Fatal(err)
		}
		return bgpObjects(stack, plan)
	}
	if plain := build(); plain.Advertisements[0].Spec.Advertisements[0].Attributes != nil || plain.Clusters[0].Spec.BGPInstances[0].LocalPort != 0 {
		t.Error("marks or a port that the stack does not have")
	}
	stack.Cilium.BGP.Communities = []spec.Community{"64514:100", "4200000000:1:100"}
	stack.Cilium.BGP.LocalPort = 1790
	marked := build()
	for _, a := range marked.Advertisements[0].Spec.Advertisements {
		if c := a.Attributes.Communities; !slices.Equal(c.Standard, []string{"64514:100"}) || !slices.Equal(c.Large, []string{"4200000000:1:100"}) {
			t.Errorf("%s is marked %+v", a.Type, c)
		}
	}
	for _, c := range marked.Clusters {
		if got := c.Spec.BGPInstances[0].LocalPort; got != 1790 {
			t.Errorf("%s listens on %d", c.Name, got)
		}
	}
}
