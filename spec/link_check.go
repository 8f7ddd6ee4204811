package spec

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The kernel's limit is 15 bytes; a dot would name a VLAN, which has a key of its own.
var linkName = regexp.MustCompile(linkNameGrammar)

// links checks that each node says which card carries its address.
func (c *checker) links() {
	c.eachNode(func(path *field.Path, n *Node) {
		c.oneSelector(path, Link{MAC: n.MAC, Interface: n.Interface, Card: n.Card, Bond: n.Bond}, "the node's address")
		if n.DHCP && n.Lease {
			c.errorf(path.Child("lease"), "dhcp asks for a lease already, and takes the node's address from it: keep one of the two")
		}
		if b := n.Bridge; b != nil {
			c.linkName(path.Child("bridge", "name"), b.Name)
			if n.Bond != nil && n.Bond.Name == b.Name {
				c.errorf(path.Child("bridge", "name"), "%q is also the name of the bond", b.Name)
			}
			if n.Interface != "" && n.Interface == b.Name {
				c.errorf(path.Child("bridge", "name"), "%q is also the name of the card", b.Name)
			}
		}
	})
}

// oneSelector checks that exactly one of the ways to select a card is used.
func (c *checker) oneSelector(path *field.Path, l Link, what string) {
	var given []string
	mac, name, bond := l.MAC, l.Interface, l.Bond
	if !mac.IsZero() || c.s.isSet(path.Child("mac")) {
		given = append(given, "mac")
	}
	if name != "" {
		given = append(given, "interface")
		c.linkName(path.Child("interface"), name)
	}
	if !l.Card.IsZero() || c.s.isSet(path.Child("card")) {
		given = append(given, "card")
	}
	if bond != nil || c.s.isBad(path.Child("bond")) {
		given = append(given, "bond")
	}
	switch len(given) {
	case 0:
		c.errorf(path, "nothing says which card carries %s: give mac (best), interface or bond", what)
	case 1:
	default:
		c.errorf(path, "%s each select a card for %s: keep one", strings.Join(given, " and "), what)
	}
}

func (c *checker) linkName(path *field.Path, name string) {
	switch {
	case name == "" || linkName.MatchString(name) && name != "lo":
	case name == "lo":
		c.errorf(path, `"lo" is loopback, not a card`)
	case strings.Contains(name, "."):
		c.errorf(path, "%q looks like a VLAN; name the card alone and set vlan", name)
	case len(name) > 15:
		c.errorf(path, "%q has %d characters; the kernel takes 15", name, len(name))
	default:
		c.errorf(path, "%q is not a name for a network interface: letters, digits, dashes and underscores", name)
	}
}

// bonds checks every bond of every node.
func (c *checker) bonds() {
	c.eachNode(func(path *field.Path, n *Node) {
		names := map[string]*field.Path{}
		c.bond(path.Child("bond"), n.Bond, names)
		for i := range n.ExtraLinks {
			c.bond(path.Child("extraLinks").Index(i).Child("bond"), n.ExtraLinks[i].Bond, names)
		}
	})
}

func (c *checker) bond(path *field.Path, b *Bond, names map[string]*field.Path) {
	if b == nil {
		return
	}
	c.linkName(path.Child("name"), b.Name)
	if other, ok := names[b.Name]; ok {
		c.errorf(path.Child("name"), "%q is also the name of %s", b.Name, other)
	}
	names[b.Name] = path
	c.bondMembers(path, b)
	const lacp = "802.3ad"
	if b.LACPRate != "" && b.Mode != BondLACP {
		c.errorf(path.Child("lacpRate"), "only mode %s talks LACP; mode is %s", lacp, b.Mode)
	}
	if b.HashPolicy != "" && !slices.Contains([]BondMode{BondLACP, BondXOR, "balance-tlb"}, b.Mode) {
		c.errorf(path.Child("hashPolicy"), "has no effect in mode %s; %s, balance-xor and balance-tlb hash", b.Mode, lacp)
	}
	if d := b.MIIMon.Of(); d < 10*time.Millisecond || d > 10*time.Second || d%time.Millisecond != 0 {
		c.errorf(path.Child("miimon"), "%s is outside 10ms–10s: a dead card would keep its traffic", b.MIIMon)
	}
	if b.Primary == "" {
		return
	}
	switch {
	case !slices.Contains([]BondMode{BondActiveBackup, "balance-tlb", "balance-alb"}, b.Mode):
		c.errorf(path.Child("primary"), "has no effect in mode %s; active-backup, balance-tlb and balance-alb prefer a card", b.Mode)
	case len(b.Interfaces) > 0 && !slices.Contains(b.Interfaces, b.Primary):
		c.errorf(path.Child("primary"), "%q is not one of the bond's interfaces (%s)", b.Primary, quoted(b.Interfaces))
	}
}

func (c *checker) bondMembers(path *field.Path, b *Bond) {
	if c.anyBad(path.Child("macs"), path.Child("interfaces")) {
		return
	}
	members := len(b.MACs) + len(b.Interfaces)
	switch {
	case len(b.MACs) > 0 && len(b.Interfaces) > 0:
		c.errorf(path, "macs and interfaces both select the members: keep one")
	case members == 0:
		c.errorf(path, "has no members: give macs (best) or interfaces")
	case members == 1:
		c.warnf(path, "has one member: it cannot share traffic nor survive the loss of a card")
	}
	seen := map[string]bool{}
	for i, name := range b.Interfaces {
		at := path.Child("interfaces").Index(i)
		c.linkName(at, name)
		switch {
		case name == b.Name:
			c.errorf(at, "%q is the bond itself", name)
		case seen[name]:
			c.errorf(at, "%q is listed twice", name)
		}
		seen[name] = true
	}
}

// cardUse is what a card does for its node.
type cardUse int

const (
	// carriesAddress is the card of the node's address, or a member of the bond that carries it.
	carriesAddress cardUse = iota
	// carriesLink is the card of a further network. It may be in use already, in another VLAN: the rules of links tell
	// VLANs apart.
	carriesLink
	// joinsBond is a member of the bond of a further network.
	joinsBond
)

// macs checks that hardware addresses are those of one card each, in the whole stack.
func (c *checker) macs() {
	type used struct {
		path *field.Path
		// node is not known by its name alone: two may have one by mistake.
		node *Node
	}
	seen := map[MAC]used{}
	check := func(path *field.Path, n *Node, m MAC, use cardUse) {
		if m.IsZero() {
			return
		}
		switch {
		case m == MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
			c.errorf(path, "%s is the broadcast address, not a card's", m)
			return
		case m.IsMulticast():
			c.errorf(path, "%s is a multicast address: the first byte of a card's address is even", m)
			return
		}
		first, ok := seen[m]
		switch {
		case !ok:
			seen[m] = used{path, n}
		case first.node != n:
			c.errorf(path, "%s is also %s (%s)", m, first.path, first.node.Name)
		case use == carriesAddress:
			c.errorf(path, "%s is also %s", m, first.path)
		case use == joinsBond:
			// A member of a bond that carries the node's address, or of two bonds.
			c.errorf(path, "%s is also %s: a card is in one bond, or in none", m, first.path)
		}
	}
	bond := func(path *field.Path, n *Node, b *Bond, use cardUse) {
		if b != nil {
			for i, m := range b.MACs {
				check(path.Child("macs").Index(i), n, m, use)
			}
		}
	}
	c.eachNode(func(path *field.Path, n *Node) {
		if n.MAC.IsZero() && c.s.isSet(path.Child("mac")) {
			c.errorf(path.Child("mac"), "00:00:00:00:00:00 is no card's address")
		}
		check(path.Child("mac"), n, n.MAC, carriesAddress)
		bond(path.Child("bond"), n, n.Bond, carriesAddress)
		for i, l := range n.ExtraLinks {
			at := path.Child("extraLinks").Index(i)
			check(at.Child("mac"), n, l.MAC, carriesLink)
			bond(at.Child("bond"), n, l.Bond, joinsBond)
		}
	})
}
