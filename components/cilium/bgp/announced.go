package bgp

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/home-ops/home-ops/spec"
)

// Announced is a network out of which nodes announce routes.
type Announced struct {
	// Prefix contains the routes.
	Prefix netip.Prefix
	// Shortest and Longest are the lengths that the routes may have.
	Shortest, Longest int
	// Source is the key in the stack file that the network stands under.
	Source string
}

// Accepts reports whether a route belongs to the network.
func (a Announced) Accepts(route netip.Prefix) bool {
	return a.Prefix.Contains(route.Addr()) && route.Bits() >= a.Shortest && route.Bits() <= a.Longest
}

// announced lists what Cilium announces as these kinds: load-balancer and cluster addresses one
// by one, pod networks in the blocks that the nodes hold.
func announced(stack *spec.Stack, kinds []spec.Advertisement) []Announced {
	var out []Announced
	for _, kind := range kinds {
		switch kind {
		case spec.AdvertiseLoadBalancer:
			for i, pool := range stack.Cilium.Pools {
				for j, block := range pool.Blocks {
					source := fmt.Sprintf("cilium.pools[%d].blocks[%d]", i, j)
					for _, prefix := range Cover(block.First, block.Last) {
						out = append(out, addressesOf(prefix, source))
					}
				}
			}
		case spec.AdvertiseClusterIP:
			for i, prefix := range stack.Network.ServiceCIDRs {
				out = append(out, addressesOf(prefix, fmt.Sprintf("network.serviceCIDRs[%d]", i)))
			}
		case spec.AdvertisePods:
			for i, prefix := range stack.Network.PodCIDRs {
				bits := stack.Network.NodeCIDRMaskSize4
				if prefix.Addr().Is6() {
					bits = stack.Network.NodeCIDRMaskSize6
				}
				out = append(out, Announced{prefix, bits, bits, fmt.Sprintf("network.podCIDRs[%d]", i)})
			}
		}
	}
	return withoutRepetition(out)
}

// addressesOf is a network whose addresses are announced one by one. Routes that
// are shorter than one address are let through as well, within the network, so
// that aggregation can be switched on without touching the router.
func addressesOf(prefix netip.Prefix, source string) Announced {
	return Announced{Prefix: prefix, Shortest: prefix.Bits(), Longest: prefix.Addr().BitLen(), Source: source}
}

func withoutRepetition(all []Announced) []Announced {
	var out []Announced
	for _, a := range all {
		same := func(b Announced) bool {
			return a.Prefix == b.Prefix && a.Longest == b.Longest && a.Shortest == b.Shortest
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, a)
		}
	}
	return out
}

// Cover is the shortest list of prefixes that hold exactly the addresses from
// first to last, in order. Routers filter by prefix; a pool may be written as any
// range.
func Cover(first, last netip.Addr) []netip.Prefix {
	var out []netip.Prefix
	for first.IsValid() && first.Compare(last) <= 0 {
		prefix := netip.PrefixFrom(first, first.BitLen())
		for prefix.Bits() > 0 {
			wider := netip.PrefixFrom(first, prefix.Bits()-1)
			if wider.Masked().Addr() != first || lastOf(wider).Compare(last) > 0 {
				break
			}
			prefix = wider
		}
		out = append(out, prefix)
		// The address after the last one of the family is invalid, which ends the loop.
		first = lastOf(prefix).Next()
	}
	return out
}

func lastOf(p netip.Prefix) netip.Addr { return spec.RangeOf(p).Last }
