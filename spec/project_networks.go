package spec

import (
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// rangesBetween finds pools that overlap, and addresses of one stack in a range of another.
func rangesBetween(a, b *Stack) Problems {
	var out Problems
	report := func(s *Stack, path *field.Path, format string, args ...any) {
		out = append(out, s.source.locate(Problem{Severity: Error, Path: textOf(path), Message: fmt.Sprintf(format, args...)}))
	}
	warn := func(s *Stack, path *field.Path, format string, args ...any) {
		out = append(out, s.source.locate(Problem{Severity: Warning, Path: textOf(path), Message: fmt.Sprintf(format, args...)}))
	}
	ca, cb := newChecker(a), newChecker(b)
	for _, x := range cb.poolBlocks() {
		for _, y := range ca.poolBlocks() {
			if x.r.Overlaps(y.r) {
				report(b, x.path, "%s overlaps %s of stack %s (%s): both clusters would hand out the same addresses", x.r, y.path, a.Name, y.r)
			}
		}
	}
	for _, side := range []struct{ of, in *Stack }{{a, b}, {b, a}} {
		poolsBetween(side.of, side.in, report, warn)
		addresses := side.of.singleAddresses()
		in := newChecker(side.in)
		for _, r := range in.poolBlocks() {
			for _, p := range addresses {
				if p.kind != ofService && r.r.Contains(p.addr) {
					report(side.in, r.path, "%s contains %s, which is %s of stack %s (%s)", r.r, p.addr, p.path, side.of.Name, p.who)
				}
			}
		}
		for _, r := range in.takenBlocks() {
			for _, p := range addresses {
				if r.what == "DHCP" && p.kind != ofDHCPNode && r.r.Contains(p.addr) {
					report(side.in, r.path, "%s contains %s, which is %s of stack %s (%s): the router would give it away", r.r, p.addr, p.path, side.of.Name, p.who)
				}
			}
		}
	}
	return out
}

// poolsBetween finds pools of one stack in what another stack gives to someone.
func poolsBetween(of, in *Stack, report, warn func(s *Stack, path *field.Path, format string, args ...any)) {
	other := newChecker(in)
	for _, b := range newChecker(of).poolBlocks() {
		for _, r := range other.takenBlocks() {
			switch {
			case !b.r.Overlaps(r.r):
			case r.what == "DHCP":
				report(of, b.path, "%s overlaps %s of stack %s (%s): the router would give the same addresses away", b.r, r.path, in.Name, r.r)
			case coveredBy(b.r, r.r):
				warn(of, b.path, "%s lies in %s of stack %s (%s), which says that it belongs to others: that is right only if it means this stack", b.r, r.path, in.Name, r.r)
			default:
				report(of, b.path, "%s overlaps %s of stack %s (%s) in part: one of the two ends at the wrong address", b.r, r.path, in.Name, r.r)
			}
		}
		for _, n := range in.networks() {
			own := func(p netip.Prefix) bool { return p.IsValid() && p == n.prefix }
			switch {
			case !b.r.Overlaps(RangeOf(n.prefix)):
			case !n.ofNodes() && of.nodesOverlap(n.prefix):
				// Where the nodes' network itself is in it, that alone is told.
			case !n.ofNodes():
				report(of, b.path, "%s overlaps %s of stack %s (%s): that cluster would keep these addresses for itself", b.r, n.path, in.Name, n.prefix)
			case of.Cilium.BGP != nil && !slices.ContainsFunc(of.Network.NodeCIDRs, own):
				report(of, b.path, "%s lies in %s of stack %s (%s): its nodes ask for these addresses by ARP, and BGP does not answer", b.r, n.path, in.Name, n.prefix)
			}
		}
		for i, g := range in.Network.Gateways {
			if b.r.Contains(g) {
				report(of, b.path, "%s contains %s, which is network.gateways[%d] of stack %s (the router)", b.r, g, i, in.Name)
			}
		}
	}
	for _, p := range of.singleAddresses() {
		for i, g := range in.Network.Gateways {
			if p.addr == g && p.kind != ofService {
				report(of, p.path, "%s is also network.gateways[%d] of stack %s: the router of its nodes", p.addr, i, in.Name)
			}
		}
	}
	for _, r := range newChecker(of).takenBlocks() {
		for _, n := range in.networks() {
			if !n.ofNodes() && r.what == "DHCP" && r.r.Overlaps(RangeOf(n.prefix)) {
				report(of, r.path, "%s overlaps %s of stack %s (%s): that cluster could not reach the machines in it", r.r, n.path, in.Name, n.prefix)
			}
		}
	}
}

func (s *Stack) nodesOverlap(p netip.Prefix) bool {
	return slices.ContainsFunc(s.Network.NodeCIDRs, func(n netip.Prefix) bool { return n.IsValid() && n.Overlaps(p) })
}

// coveredBy reports whether a lies whole in b.
func coveredBy(a, b Range) bool { return b.Contains(a.First) && b.Contains(a.Last) }

// networksBetween finds networks of two stacks that cannot live side by side.
func networksBetween(a, b *Stack) Problems {
	var out Problems
	report := func(severity Severity, s *Stack, path *field.Path, format string, args ...any) {
		out = append(out, s.source.locate(Problem{Severity: severity, Path: textOf(path), Message: fmt.Sprintf(format, args...)}))
	}
	announced := func(s *Stack) bool { return newChecker(s).podsAnnounced() }
	for _, x := range b.networks() {
		for _, y := range a.networks() {
			if !x.prefix.IsValid() || !x.prefix.Overlaps(y.prefix) {
				continue
			}
			bothNodes := x.ofNodes() && y.ofNodes()
			switch {
			case bothNodes && x.prefix != y.prefix:
				report(Error, b, x.path, "%s overlaps %s of stack %s (%s), but is not the same: machines of one network have one prefix length", x.prefix, y.path, a.Name, y.prefix)
			case bothNodes:
			case x.ofNodes() || y.ofNodes():
				report(Warning, b, x.path, "%s overlaps %s of stack %s (%s): the pods of one cluster cannot reach the nodes of the other", x.prefix, y.path, a.Name, y.prefix)
			case x.list == podCIDRs && y.list == podCIDRs && announced(a) && announced(b):
				report(Error, b, x.path, "%s overlaps %s of stack %s (%s), and both announce pods by BGP: routers would mix them up", x.prefix, y.path, a.Name, y.prefix)
			}
		}
	}
	return out
}
