package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// claim is something that only one stack of a project may have.
type claim struct {
	stack *Stack
	path  *field.Path
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
					Severity: c.severity, Path: textOf(c.path),
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
	add := func(severity Severity, path *field.Path, kind, what, why string) {
		if what != "" && !s.isBad(path) {
			out = append(out, claim{s, path, kind + " " + strings.ToLower(what), what, severity, why})
		}
	}
	add(Error, field.NewPath("cluster", "name"), "cluster", s.Cluster.Name, "kubectl and talosctl could not tell the clusters apart")
	add(Warning, field.NewPath("cluster", "domain"), "domain", s.Cluster.Domain, "a host name can lead to only one of the clusters")
	for i, d := range s.Edge.Domains {
		add(Warning, field.NewPath("edge", "domains").Index(i).Child("name"), "domain", d.Name, "a host name can lead to only one of the clusters")
	}
	for _, a := range s.singleAddresses() {
		add(Error, a.path, "address", a.addr.String(), "two machines would answer for it")
	}
	for i, n := range s.Nodes {
		at := nodePath(i)
		for _, m := range n.macs(at) {
			add(Error, m.path, "mac", m.mac.String(), "one machine can be in one cluster only")
		}
	}
	for _, d := range s.namedDisks() {
		for _, id := range d.identities() {
			add(Error, d.path.Child(id.key), "disk "+id.key, id.shown, "one disk can be in one machine only")
		}
	}
	if b := s.Cilium.BGP; b != nil && b.LocalASN != 0 {
		for i, p := range b.Peers {
			if p.Address.IsValid() {
				add(Error, field.NewPath("cilium", "bgp", "peers").Index(i), "bgp", fmt.Sprintf("AS %d with router %s", b.LocalASN, p.Address), "the router could not tell the clusters' routes apart; give this stack a localASN of its own")
			}
		}
	}
	s.outsideClaims(add)
	return out
}

// outsideClaims lists what the stack holds at others: Cloudflare, GitHub, backup stores.
func (s *Stack) outsideClaims(add func(severity Severity, path *field.Path, kind, what, why string)) {
	if c := s.Edge.Cloudflare; c != nil {
		add(Error, field.NewPath("edge", "cloudflare", "tunnelName"), "tunnel "+c.AccountID, c.TunnelName, "requests would reach either cluster by chance")
	}
	add(Error, field.NewPath("edge", "dns", "txtOwnerID"), "owner", s.Edge.DNS.TXTOwnerID, "the clusters would delete each other's DNS records")
	if c := s.Edge.Cloudflare; c != nil && c.ZoneSettings != nil {
		add(Error, field.NewPath("edge", "cloudflare", "zoneSettings"), "zone settings", c.Zone, "two owners would undo each other's settings of the zone; let one stack have them")
	}
	f := s.Flux
	if f.Webhook != nil {
		add(Error, field.NewPath("flux", "webhook", "host"), "hook", f.Webhook.Host, "the Git server would tell only one of the clusters")
	}
	repo := strings.TrimSuffix(strings.ToLower(f.Repository), ".git")
	if repo != "" {
		add(Error, field.NewPath("flux", "path"), "path "+repo+" "+f.Branch+" "+f.Tag, strings.Trim(f.Path, "./"), "each cluster would apply the other's settings")
	}
	if g := f.GitHub; g != nil && g.Protection {
		add(Error, field.NewPath("flux", "github", "protection"), "protection "+repo, "the protection of branch "+f.Branch, "two owners would undo each other's settings; let one stack have it")
	}
	if l := s.Storage.Longhorn; l != nil && l.Backup != nil {
		add(Warning, field.NewPath("storage", "longhorn", "backup", "target"), "backup "+l.Backup.Endpoint, l.Backup.Target, "volumes of one name would share a backup")
	}
}

// namedDisks are the disks of all kinds that the stack chooses, without those of patches.
func (s *Stack) namedDisks() []placedDisk {
	c := newChecker(s)
	for i := range s.Nodes {
		at := nodePath(i)
		c.disks = append(c.disks, placedDisk{path: at.Child("installDisk"), node: i, sel: s.Nodes[i].InstallDisk})
		for j, v := range s.Nodes[i].UserVolumes {
			c.disks = append(c.disks, placedDisk{path: at.Child("userVolumes").Index(j).Child("disk"), node: i, sel: v.Disk})
		}
		for j, v := range s.Nodes[i].RawVolumes {
			c.disks = append(c.disks, placedDisk{path: at.Child("rawVolumes").Index(j).Child("disk"), node: i, sel: v.Disk})
		}
		if e := s.Nodes[i].EphemeralVolume; e != nil {
			c.disks = append(c.disks, placedDisk{path: at.Child("ephemeralVolume", "disk"), node: i, sel: e.Disk})
		}
	}
	if ce := s.Storage.RookCeph; ce != nil {
		for i, n := range ce.Nodes {
			for j, d := range n.Disks {
				c.disks = append(c.disks, placedDisk{path: field.NewPath("storage", "rookCeph", "nodes").Index(i).Child("disks").Index(j), sel: d})
			}
		}
	}
	if z := s.Storage.ZFS; z != nil {
		for i, p := range z.Pools {
			for j, d := range p.Disks {
				c.disks = append(c.disks, placedDisk{path: field.NewPath("storage", "zfs", "pools").Index(i).Child("disks").Index(j), sel: d})
			}
		}
	}
	return c.disks
}

type locatedMAC struct {
	path *field.Path
	mac  MAC
}

// macs lists the hardware addresses of a node.
func (n Node) macs(at *field.Path) []locatedMAC {
	var out []locatedMAC
	add := func(path *field.Path, m MAC) {
		if !m.IsZero() {
			out = append(out, locatedMAC{path, m})
		}
	}
	bond := func(path *field.Path, b *Bond) {
		if b != nil {
			for i, m := range b.MACs {
				add(path.Child("macs").Index(i), m)
			}
		}
	}
	add(at.Child("mac"), n.MAC)
	bond(at.Child("bond"), n.Bond)
	for i, l := range n.ExtraLinks {
		add(at.Child("extraLinks").Index(i).Child("mac"), l.MAC)
		bond(at.Child("extraLinks").Index(i).Child("bond"), l.Bond)
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
					c.place(nodePath(i).Child("extraLinks").Index(j).Child("addresses").Index(k), p.Addr(), ofLink, n.Name)
				}
			}
		}
	}
	return c.addresses
}
