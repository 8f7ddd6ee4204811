package spec

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// claim is something that only one stack of a project may have.
type claim struct {
	stack *Stack
	path  string
	// key tells claims on one thing apart from others; shown is the thing in words.
	key, shown string
	// severity is Error unless two stacks can live with it.
	severity Severity
	// why says what goes wrong when two stacks have it.
	why string
}

// ValidateProject tells what several stacks of one project may not share: they stand in one home, on one
// network, behind one router, with one account at each provider. It says nothing about the stacks each for
// itself.
func ValidateProject(stacks []*Stack) Problems {
	stacks = slices.Clone(stacks)
	slices.SortFunc(stacks, func(a, b *Stack) int { return cmp.Compare(a.Name, b.Name) })
	var problems Problems
	owners := map[string]claim{}
	for _, s := range stacks {
		for _, c := range s.claims() {
			first, taken := owners[c.key]
			switch {
			case !taken:
				owners[c.key] = c
			case first.stack != s:
				problems = append(problems, s.source.locate(Problem{
					Severity: c.severity, Path: c.path,
					Message: fmt.Sprintf("%s is also %s of stack %s: %s", c.shown, first.path, first.stack.Name, c.why),
				}))
			}
		}
	}
	for i, s := range stacks {
		for _, other := range stacks[:i] {
			problems = append(problems, rangesBetween(other, s)...)
			problems = append(problems, networksBetween(other, s)...)
		}
	}
	return problems.sorted()
}

// claims lists what the stack holds for itself.
func (s *Stack) claims() []claim {
	var out []claim
	add := func(severity Severity, path, kind, what, why string) {
		if what != "" && !s.isBad(path) {
			out = append(out, claim{s, path, kind + " " + strings.ToLower(what), what, severity, why})
		}
	}
	add(Error, "cluster.name", "cluster", s.Cluster.Name, "kubectl and talosctl could not tell the clusters apart")
	add(Warning, "cluster.domain", "domain", s.Cluster.Domain, "a host name can lead to only one of the clusters")
	for _, a := range s.singleAddresses() {
		add(Error, a.path, "address", a.addr.String(), "two machines would answer for it")
	}
	for i, n := range s.Nodes {
		at := fmt.Sprintf("nodes[%d]", i)
		for _, m := range n.macs(at) {
			add(Error, m.path, "mac", m.mac.String(), "one machine can be in one cluster only")
		}
	}
	for _, d := range s.namedDisks() {
		for _, id := range d.identities() {
			add(Error, d.path+"."+id.key, "disk "+id.key, id.shown, "one disk can be in one machine only")
		}
	}
	if b := s.Cilium.BGP; b != nil && b.LocalASN != 0 {
		for i, p := range b.Peers {
			if p.Address.IsValid() {
				add(Error, fmt.Sprintf("cilium.bgp.peers[%d]", i), "bgp", fmt.Sprintf("AS %d with router %s", b.LocalASN, p.Address), "the router could not tell the clusters' routes apart; give this stack a localASN of its own")
			}
		}
	}
	s.outsideClaims(add)
	return out
}

// outsideClaims lists what the stack holds at others: Cloudflare, GitHub, backup stores.
func (s *Stack) outsideClaims(add func(severity Severity, path, kind, what, why string)) {
	if c := s.Edge.Cloudflare; c != nil {
		add(Error, "edge.cloudflare.tunnelName", "tunnel "+c.AccountID, c.TunnelName, "requests would reach either cluster by chance")
	}
	add(Error, "edge.dns.txtOwnerID", "owner", s.Edge.DNS.TXTOwnerID, "the clusters would delete each other's DNS records")
	if c := s.Edge.Cloudflare; c != nil && c.ZoneSettings != nil {
		add(Error, "edge.cloudflare.zoneSettings", "zone settings", c.Zone, "two owners would undo each other's settings of the zone; let one stack have them")
	}
	f := s.Flux
	if f.Webhook != nil {
		add(Error, "flux.webhook.host", "hook", f.Webhook.Host, "the Git server would tell only one of the clusters")
	}
	repo := strings.TrimSuffix(strings.ToLower(f.Repository), ".git")
	if repo != "" {
		add(Error, "flux.path", "path "+repo+" "+f.Branch, strings.Trim(f.Path, "./"), "each cluster would apply the other's settings")
	}
	if g := f.GitHub; g != nil && g.Protection {
		add(Error, "flux.github.protection", "protection "+repo, "the protection of branch "+f.Branch, "two owners would undo each other's settings; let one stack have it")
	}
	if l := s.Storage.Longhorn; l != nil && l.Backup != nil {
		add(Warning, "storage.longhorn.backup.target", "backup "+l.Backup.Endpoint, l.Backup.Target, "volumes of one name would share a backup")
	}
}

// namedDisks are the disks of all kinds that the stack chooses, without those of patches.
func (s *Stack) namedDisks() []placedDisk {
	c := newChecker(s)
	for i := range s.Nodes {
		at := fmt.Sprintf("nodes[%d]", i)
		c.disks = append(c.disks, placedDisk{path: at + ".installDisk", node: i, sel: s.Nodes[i].InstallDisk})
		for j, v := range s.Nodes[i].UserVolumes {
			c.disks = append(c.disks, placedDisk{path: fmt.Sprintf("%s.userVolumes[%d].disk", at, j), node: i, sel: v.Disk})
		}
	}
	if ce := s.Storage.RookCeph; ce != nil {
		for i, n := range ce.Nodes {
			for j, d := range n.Disks {
				c.disks = append(c.disks, placedDisk{path: fmt.Sprintf("storage.rookCeph.nodes[%d].disks[%d]", i, j), sel: d})
			}
		}
	}
	if z := s.Storage.ZFS; z != nil {
		for i, p := range z.Pools {
			for j, d := range p.Disks {
				c.disks = append(c.disks, placedDisk{path: fmt.Sprintf("storage.zfs.pools[%d].disks[%d]", i, j), sel: d})
			}
		}
	}
	return c.disks
}

type locatedMAC struct {
	path string
	mac  MAC
}

// macs lists the hardware addresses of a node.
func (n Node) macs(at string) []locatedMAC {
	var out []locatedMAC
	add := func(path string, m MAC) {
		if !m.IsZero() {
			out = append(out, locatedMAC{path, m})
		}
	}
	bond := func(path string, b *Bond) {
		if b != nil {
			for i, m := range b.MACs {
				add(fmt.Sprintf("%s.macs[%d]", path, i), m)
			}
		}
	}
	add(at+".mac", n.MAC)
	bond(at+".bond", n.Bond)
	for i, l := range n.ExtraLinks {
		add(fmt.Sprintf("%s.extraLinks[%d].mac", at, i), l.MAC)
		bond(fmt.Sprintf("%s.extraLinks[%d].bond", at, i), l.Bond)
	}
	return out
}

// singleAddresses lists the addresses that machines and services of the stack answer for.
func (s *Stack) singleAddresses() []placed {
	c := newChecker(s)
	c.nodeAddresses()
	c.vip()
	c.gateways()
	for i, n := range s.Nodes {
		for j, l := range n.ExtraLinks {
			for k, p := range l.Addresses {
				if p.IsValid() {
					c.place(fmt.Sprintf("nodes[%d].extraLinks[%d].addresses[%d]", i, j, k), p.Addr(), ofLink, n.Name)
				}
			}
		}
	}
	return c.addresses
}

// rangesBetween finds pools that overlap, and addresses of one stack in a range of another.
func rangesBetween(a, b *Stack) Problems {
	var out Problems
	report := func(s *Stack, path, format string, args ...any) {
		out = append(out, s.source.locate(Problem{Severity: Error, Path: path, Message: fmt.Sprintf(format, args...)}))
	}
	warn := func(s *Stack, path, format string, args ...any) {
		out = append(out, s.source.locate(Problem{Severity: Warning, Path: path, Message: fmt.Sprintf(format, args...)}))
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
func poolsBetween(of, in *Stack, report, warn func(s *Stack, path, format string, args ...any)) {
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
			case !isNodeNetwork(n.path) && of.nodesOverlap(n.prefix):
				// Where the nodes' network itself is in it, that alone is told.
			case !isNodeNetwork(n.path):
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
			if !isNodeNetwork(n.path) && r.what == "DHCP" && r.r.Overlaps(RangeOf(n.prefix)) {
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
	report := func(severity Severity, s *Stack, path, format string, args ...any) {
		out = append(out, s.source.locate(Problem{Severity: severity, Path: path, Message: fmt.Sprintf(format, args...)}))
	}
	announced := func(s *Stack) bool { return newChecker(s).podsAnnounced() }
	for _, x := range b.networks() {
		for _, y := range a.networks() {
			if !x.prefix.IsValid() || !x.prefix.Overlaps(y.prefix) {
				continue
			}
			bothNodes := isNodeNetwork(x.path) && isNodeNetwork(y.path)
			switch {
			case bothNodes && x.prefix != y.prefix:
				report(Error, b, x.path, "%s overlaps %s of stack %s (%s), but is not the same: machines of one network have one prefix length", x.prefix, y.path, a.Name, y.prefix)
			case bothNodes:
			case isNodeNetwork(x.path) || isNodeNetwork(y.path):
				report(Warning, b, x.path, "%s overlaps %s of stack %s (%s): the pods of one cluster cannot reach the nodes of the other", x.prefix, y.path, a.Name, y.prefix)
			case parentPath(x.path) == "network.podCIDRs" && parentPath(y.path) == "network.podCIDRs" && announced(a) && announced(b):
				report(Error, b, x.path, "%s overlaps %s of stack %s (%s), and both announce pods by BGP: routers would mix them up", x.prefix, y.path, a.Name, y.prefix)
			}
		}
	}
	return out
}
