package cilium

import (
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// pools are the stack's load-balancer pools. Addresses that the stack gives to
// gateways are taken out of the pools for everyone and put into one of their
// own: Cilium hands out the lowest free address, and the first service to come
// would otherwise sit on a gateway's.
func pools(stack *spec.Stack) []*ciliumio.LoadBalancerIPPool {
	fixed := gatewayAddresses(stack.Edge.Gateways)
	var out []*ciliumio.LoadBalancerIPPool
	for _, pool := range stack.Cilium.Pools {
		if pool.Purpose != spec.PoolAny {
			out = append(out, newPool(pool.Name, selectorOf(pool), blocksOf(pool, nil), pool.AllowFirstLast))
			continue
		}
		held := slices.DeleteFunc(slices.Clone(fixed), func(a netip.Addr) bool { return !pool.Contains(a) })
		if blocks := blocksOf(pool, held); len(blocks) > 0 {
			out = append(out, newPool(pool.Name, nil, blocks, pool.AllowFirstLast))
		}
		if len(held) > 0 {
			var blocks []ciliumio.IPBlock
			for _, a := range held {
				blocks = append(blocks, ciliumio.IPBlock{Start: a.String()})
			}
			out = append(out, newPool(pool.Name+"-gateways", gatewaySelector(), blocks, true))
		}
	}
	return out
}

func newPool(
	name string, selector *metav1.LabelSelector, blocks []ciliumio.IPBlock, allowFirstLast bool,
) *ciliumio.LoadBalancerIPPool {
	return &ciliumio.LoadBalancerIPPool{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumLoadBalancerIPPool"),
		ObjectMeta: ciliumio.Named(name),
		Spec: ciliumio.LoadBalancerIPPoolSpec{
			ServiceSelector:   selector,
			AllowFirstLastIPs: map[bool]string{false: "No", true: "Yes"}[allowFirstLast],
			Blocks:            blocks,
		},
	}
}

func selectorOf(pool spec.Pool) *metav1.LabelSelector {
	if pool.Purpose == spec.PoolGateways {
		return gatewaySelector()
	}
	return &metav1.LabelSelector{MatchLabels: pool.ServiceLabels}
}

func gatewaySelector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{labels.Pool: labels.PoolGateways}}
}

func gatewayAddresses(g spec.Gateways) []netip.Addr {
	all := slices.Concat(g.Internal, g.External, g.DNS)
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

// blocksOf is the pool's blocks without the addresses in taken, which are in
// order. A block that loses nothing stays as the stack file writes it.
func blocksOf(pool spec.Pool, taken []netip.Addr) []ciliumio.IPBlock {
	var out []ciliumio.IPBlock
	for _, block := range pool.Blocks {
		within := slices.DeleteFunc(slices.Clone(taken), func(a netip.Addr) bool { return !block.Contains(a) })
		switch {
		case len(within) > 0:
			out = append(out, without(block, within, pool.AllowFirstLast)...)
		case block.Prefix.IsValid():
			out = append(out, ciliumio.IPBlock{CIDR: block.Prefix.Masked().String()})
		default:
			out = append(out, span(block.First, block.Last))
		}
	}
	return out
}

// without divides a block around addresses. Cilium keeps back the first and last
// address of CIDRs alone, so that it is done here for one that becomes ranges.
func without(block spec.Range, taken []netip.Addr, allowFirstLast bool) []ciliumio.IPBlock {
	first, last := block.First, block.Last
	if block.Prefix.IsValid() && !allowFirstLast && last.Compare(first.Next()) > 0 {
		first, last = first.Next(), last.Prev()
	}
	var out []ciliumio.IPBlock
	for _, a := range taken {
		if first.Less(a) {
			out = append(out, span(first, a.Prev()))
		}
		if next := a.Next(); first.Less(next) {
			first = next
		}
	}
	if first.IsValid() && first.Compare(last) <= 0 {
		out = append(out, span(first, last))
	}
	return out
}

func span(first, last netip.Addr) ciliumio.IPBlock {
	if first == last {
		return ciliumio.IPBlock{Start: first.String()}
	}
	return ciliumio.IPBlock{Start: first.String(), Stop: last.String()}
}
