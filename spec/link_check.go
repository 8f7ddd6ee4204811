package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The kernel's limit is 15 bytes; a dot would name a VLAN, which has a key of its own.
var linkName = regexp.MustCompile(linkNameGrammar)

// links checks that each node says which card carries its address.
func (c *checker) links() {
	c.eachNode(func(path string, n *Node) {
		c.oneSelector(path, Link{MAC: n.MAC, Interface: n.Interface, Card: n.Card, Bond: n.Bond}, "the node's address")
		if n.DHCP && n.Lease {
			c.errorf(path+".lease", "dhcp asks for a lease already, and takes the node's address from it: keep one of the two")
		}
		if b := n.Bridge; b != nil {
			c.linkName(path+".bridge.name", b.Name)
			if n.Bond != nil && n.Bond.Name == b.Name {
				c.errorf(path+".bridge.name", "%q is also the name of the bond", b.Name)
			}
			if n.Interface != "" && n.Interface == b.Name {
				c.errorf(path+".bridge.name", "%q is also the name of the card", b.Name)
			}
		}
	})
}

// oneSelector checks that exactly one of the ways to select a card is used.
func (c *checker) oneSelector(path string, l Link, what string) {
	var given []string
	mac, name, bond := l.MAC, l.Interface, l.Bond
	if !mac.IsZero() || c.s.isSet(path+".mac") {
		given = append(given, "mac")
	}
	if name != "" {
		given = append(given, "interface")
		c.linkName(path+".interface", name)
	}
	if !l.Card.IsZero() || c.s.isSet(path+".card") {
		given = append(given, "card")
	}
	if bond != nil || c.s.isBad(path+".bond") {
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

func (c *checker) linkName(path, name string) {
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
	c.eachNode(func(path string, n *Node) {
		names := map[string]string{}
		if n.Bridge != nil {
			names[n.Bridge.Name] = path + ".bridge"
		}
		c.bond(path+".bond", n.Bond, names)
		for i := range n.ExtraLinks {
			c.bond(fmt.Sprintf("%s.extraLinks[%d].bond", path, i), n.ExtraLinks[i].Bond, names)
		}
	})
}

func (c *checker) bond(path string, b *Bond, names map[string]string) {
	if b == nil {
		return
	}
	c.linkName(path+".name", b.Name)
	if other, ok := names[b.Name]; ok && strings.HasSuffix(other, ".bond") {
		c.errorf(path+".name", "%q is also the name of %s", b.Name, other)
	}
	names[b.Name] = path
	c.bondMembers(path, b)
	const lacp = "802.3ad"
	if b.LACPRate != "" && b.Mode != BondLACP {
		c.errorf(path+".lacpRate", "only mode %s talks LACP; mode is %s", lacp, b.Mode)
	}
	if b.HashPolicy != "" && !slices.Contains([]BondMode{BondLACP, BondXOR, "balance-tlb"}, b.Mode) {
		c.errorf(path+".hashPolicy", "has no effect in mode %s; %s, balance-xor and balance-tlb hash", b.Mode, lacp)
	}
	if d := b.MIIMon.Of(); d < 10*time.Millisecond || d > 10*time.Second || d%time.Millisecond != 0 {
		c.errorf(path+".miimon", "%s is outside 10ms–10s: a dead card would keep its traffic", b.MIIMon)
	}
	if b.Primary == "" {
		return
	}
	switch {
	case !slices.Contains([]BondMode{BondActiveBackup, "balance-tlb", "balance-alb"}, b.Mode):
		c.errorf(path+".primary", "has no effect in mode %s; active-backup, balance-tlb and balance-alb prefer a card", b.Mode)
	case len(b.Interfaces) > 0 && !slices.Contains(b.Interfaces, b.Primary):
		c.errorf(path+".primary", "%q is not one of the bond's interfaces (%s)", b.Primary, quoted(b.Interfaces))
	}
}

func (c *checker) bondMembers(path string, b *Bond) {
	if c.anyBad(path+".macs", path+".interfaces") {
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
		at := fmt.Sprintf("%s.interfaces[%d]", path, i)
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

// macs checks that hardware addresses are those of one card each, in the whole stack.
func (c *checker) macs() {
	// at is the node's path: two nodes may have one name by mistake.
	type use struct{ path, at, name string }
	seen := map[MAC]use{}
	check := func(path, at string, n *Node, m MAC, again bool) {
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
			seen[m] = use{path, at, n.Name}
		case first.at != at:
			c.errorf(path, "%s is also %s (%s)", m, first.path, first.name)
		case !again && !strings.Contains(path, "].extraLinks["):
			c.errorf(path, "%s is also %s", m, first.path)
		case !again:
			// A member of a bond that carries the node's address, or of two bonds.
			c.errorf(path, "%s is also %s: a card is in one bond, or in none", m, first.path)
		}
	}
	bond := func(path, at string, n *Node, b *Bond) {
		if b != nil {
			for i, m := range b.MACs {
				check(fmt.Sprintf("%s.macs[%d]", path, i), at, n, m, false)
			}
		}
	}
	c.eachNode(func(path string, n *Node) {
		if n.MAC.IsZero() && c.s.isSet(path+".mac") {
			c.errorf(path+".mac", "00:00:00:00:00:00 is no card's address")
		}
		check(path+".mac", path, n, n.MAC, false)
		bond(path+".bond", path, n, n.Bond)
		for i := range n.ExtraLinks {
			at := fmt.Sprintf("%s.extraLinks[%d]", path, i)
			// A further VLAN may lie on a card that is in use already; the link rules tell the VLANs apart.
			check(at+".mac", path, n, n.ExtraLinks[i].MAC, true)
			bond(at+".bond", path, n, n.ExtraLinks[i].Bond)
		}
	})
}
