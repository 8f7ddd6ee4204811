package firststack

import (
	"fmt"
	"net/netip"

	"github.com/home-ops/home-ops/spec"
)

// Gateways are the fixed addresses that a plan takes out of its pool, one of each family.
type Gateways struct {
	DNS, Internal, External []netip.Addr
}

// GatewaysFrom takes the first addresses of a pool: for split DNS, for the gateway of the home, and, when the
// internet shall come in, for the external one. A block that is written as a prefix gives its second address first,
// because Cilium keeps the ends of one back.
func GatewaysFrom(pool []spec.Range, external bool) (Gateways, error) {
	var g Gateways
	want := []*[]netip.Addr{&g.DNS, &g.Internal}
	if external {
		want = append(want, &g.External)
	}
	for _, six := range []bool{false, true} {
		free, any := addressesOf(pool, six, len(want))
		if !any {
			continue
		}
		if len(free) < len(want) {
			return g, fmt.Errorf("the pool has %d addresses of a family for %d gateways; give it %d or more", len(free), len(want), 2*len(want))
		}
		for i, list := range want {
			*list = append(*list, free[i])
		}
	}
	return g, nil
}

// addressesOf are the first n usable addresses of one family in a pool, and whether it has a block of that family.
func addressesOf(pool []spec.Range, six bool, n int) (free []netip.Addr, any bool) {
	for _, block := range pool {
		if block.First.Is6() != six {
			continue
		}
		any = true
		first, last := block.First, block.Last
		if block.Prefix.IsValid() && first != last {
			first, last = first.Next(), last.Prev()
		}
		for a := first; len(free) < n && a.IsValid() && a.Compare(last) <= 0; a = a.Next() {
			free = append(free, a)
		}
	}
	return free, any
}
