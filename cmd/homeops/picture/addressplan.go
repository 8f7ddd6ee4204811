package picture

import (
	"cmp"
	"fmt"
	"math/big"
	"net/netip"
	"slices"

	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/spec"
)

// claim is a part of a network that somebody has.
type claim struct {
	mark  string
	what  string
	block spec.Range
}

// single reports whether it is one address.
func (c claim) single() bool { return c.block.First == c.block.Last }

// network is a network of the plan with what it is used for, in order of addresses.
type network struct {
	name   string
	prefix netip.Prefix
	claims []claim
}

// addressPlan is every network in which the stack has addresses that are on a wire: those of the nodes first, then those of
// their further cards, then pools that lie in none of them.
func addressPlan(stack *spec.Stack) []network {
	var networks []network
	known := func(p netip.Prefix) bool {
		return slices.ContainsFunc(networks, func(n network) bool { return n.prefix.Contains(p.Addr()) })
	}
	for _, p := range stack.Network.NodeCIDRs {
		networks = append(networks, network{name: "nodes", prefix: p})
	}
	for _, n := range stack.Nodes {
		for _, l := range n.ExtraLinks {
			for _, p := range l.Addresses {
				if !known(p) {
					networks = append(networks, network{name: "further cards", prefix: p.Masked()})
				}
			}
		}
	}
	for _, pool := range stack.Cilium.Pools {
		for _, block := range pool.Blocks {
			if p := around(block); !known(p) {
				networks = append(networks, network{name: "pool " + pool.Name, prefix: p})
			}
		}
	}
	for _, c := range claims(stack) {
		for i, n := range networks {
			if n.prefix.Contains(c.block.First) {
				networks[i].claims = append(networks[i].claims, c)
				break
			}
		}
	}
	for _, n := range networks {
		slices.SortStableFunc(n.claims, func(a, b claim) int { return a.block.First.Compare(b.block.First) })
	}
	return networks
}

// around is the smallest network that a block fits into.
func around(block spec.Range) netip.Prefix {
	if block.Prefix.IsValid() {
		return block.Prefix.Masked()
	}
	for bits := block.First.BitLen(); ; bits-- {
		if p := netip.PrefixFrom(block.First, bits).Masked(); p.Contains(block.Last) {
			return p
		}
	}
}

// claims are everything with an address, what is drawn below before what is drawn above it.
func claims(stack *spec.Stack) []claim {
	var out []claim
	add := func(mark, what string, blocks ...spec.Range) {
		for _, b := range blocks {
			out = append(out, claim{mark, what, b})
		}
	}
	address := func(mark, what string, addresses ...netip.Addr) {
		for _, a := range addresses {
			if a.IsValid() {
				add(mark, what, spec.Range{First: a, Last: a})
			}
		}
	}
	add("dhcp", "DHCP", stack.Network.DHCPRanges...)
	add("reserved", "reserved", stack.Network.Reserved...)
	for _, p := range stack.Cilium.Pools {
		add("pool", "pool "+p.Name, p.Blocks...)
	}
	address("router", "router", stack.Network.Gateways...)
	for _, a := range stack.Network.DNSServers {
		if !slices.Contains(stack.Network.Gateways, a) {
			address("router", "DNS server", a)
		}
	}
	address("vip", "API (VIP)", stack.Network.VIP)
	for _, n := range stack.Nodes {
		address("node", n.Name, n.Addresses()...)
		for _, l := range n.ExtraLinks {
			for _, p := range l.Addresses {
				address("node", n.Name, p.Addr())
			}
		}
	}
	if edge.Enabled(stack) {
		g := stack.Edge.Gateways
		address("gateway", "DNS for the home", g.DNS...)
		address("gateway", "internal gateway", g.Internal...)
		address("gateway", "external gateway", g.External...)
	}
	return out
}

// page is 256 addresses in a row, which a picture can show one by one.
type page = netip.Prefix

func pageOf(a netip.Addr) page {
	return netip.PrefixFrom(a, a.BitLen()-8).Masked()
}

// pages are those of a network in which single addresses are named, or a block is that is smaller than a page.
func (n network) pages() []page {
	var out []page
	for _, c := range n.claims {
		if p := pageOf(c.block.First); p.Contains(c.block.Last) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b page) int { return a.Addr().Compare(b.Addr()) })
	return out
}

// offset is how far an address is behind another.
func offset(from, to netip.Addr) *big.Int {
	return new(big.Int).Sub(new(big.Int).SetBytes(to.AsSlice()), new(big.Int).SetBytes(from.AsSlice()))
}

// size is how many addresses a block has.
func size(r spec.Range) *big.Int { return new(big.Int).Add(offset(r.First, r.Last), big.NewInt(1)) }

// count is a number for a person.
func count(n *big.Int) string {
	if n.IsInt64() && n.Int64() < 100_000_000 {
		digits := n.String()
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
		return digits
	}
	if n.TrailingZeroBits() == uint(n.BitLen()-1) {
		return "2^" + fmt.Sprint(n.BitLen()-1)
	}
	return "some 2^" + fmt.Sprint(new(big.Int).Sub(n, big.NewInt(1)).BitLen())
}

// free is how many addresses of a network nobody has.
func (n network) free() *big.Int {
	whole := spec.RangeOf(n.prefix)
	left := size(whole)
	ordered := slices.Clone(n.claims)
	slices.SortFunc(ordered, func(a, b claim) int {
		return cmp.Or(a.block.First.Compare(b.block.First), b.block.Last.Compare(a.block.Last))
	})
	next := whole.First
	for _, c := range ordered {
		first, last := c.block.First, c.block.Last
		if first.Less(next) {
			first = next
		}
		if whole.Last.Less(last) {
			last = whole.Last
		}
		if !next.IsValid() || last.Less(first) {
			continue
		}
		left.Sub(left, size(spec.Range{First: first, Last: last}))
		next = last.Next()
	}
	return left
}

// shares is who has how much of a network.
func (n network) shares() string {
	words := count(size(spec.RangeOf(n.prefix))) + " addresses"
	for _, kind := range []struct{ mark, where string }{{"pool", "in pools"}, {"dhcp", "by DHCP"}} {
		sum := new(big.Int)
		for _, c := range n.claims {
			if c.mark == kind.mark {
				sum.Add(sum, size(c.block))
			}
		}
		if sum.Sign() > 0 {
			words += ", " + count(sum) + " " + kind.where
		}
	}
	if free := n.free(); free.Sign() > 0 {
		words += ", " + count(free) + " free"
	}
	return words
}
