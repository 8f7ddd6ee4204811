package spec

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// announcers are the nodes that answer for load-balancer addresses over L2.
func (c *checker) announcers() []*Node {
	names := c.s.Cilium.L2.Nodes
	if len(names) == 0 {
		names = c.s.LoadBalancerNodes()
	}
	var out []*Node
	for _, name := range names {
		n, ok := c.node(name)
		if !ok {
			continue
		}
		// One that is in no node network at all is told already.
		if _, placed := c.s.Network.NodeNetworkOf(n.Address); placed {
			out = append(out, n)
		}
	}
	return out
}

// answered checks that whoever may take an address over L2 stands in the network where it is asked for: Cilium lets any
// of the announcing nodes take it, and one of another segment answers where nobody asks
// (https://docs.cilium.io/en/stable/network/l2-announcements/).
func (c *checker) answered() {
	nodes := c.announcers()
	if len(nodes) == 0 || c.anyBad(nodeCIDRs, field.NewPath("cilium", "l2"), field.NewPath("cilium", "l2", "nodes")) {
		return
	}
	for _, b := range c.poolBlocks() {
		net, where, ok := c.segment(b.r)
		pods := c.s.Network.PodCIDRs
		if !ok || b.r.Contains(net.Masked().Addr()) || len(pods) > 0 && !hasFamily(pods, b.r.Is6()) {
			continue
		}
		var outside []string
		for _, n := range nodes {
			if !c.standsIn(n, net) {
				outside = append(outside, n.Name)
			}
		}
		switch {
		case len(outside) == len(nodes):
			c.errorf(b.path, "%s lies in %s (%s), where none of the nodes that announce it over L2 has an address (%s): nobody would answer", b.r, where, net, some(outside))
		case len(outside) > 0:
			c.errorf(b.path, "%s lies in %s (%s), and %s, which may announce it too (cilium.l2.nodes), is not there: whenever it does, nobody gets an answer; name the nodes of that network in cilium.l2.nodes", b.r, where, net, some(outside))
		}
	}
	c.answeringCards(nodes)
}

// some lists names, of which a long list keeps the first three.
func some(names []string) string {
	if len(names) > 3 {
		return quoted(names[:3]) + fmt.Sprintf(" and %d more", len(names)-3)
	}
	return quoted(names)
}

// segment is the node network that a block lies in.
func (c *checker) segment(r Range) (net netip.Prefix, where *field.Path, ok bool) {
	for i, p := range c.s.Network.NodeCIDRs {
		if p.IsValid() && r.Within(p) {
			return p, nodeCIDRs.Index(i), true
		}
	}
	return netip.Prefix{}, nil, false
}

func (c *checker) standsIn(n *Node, net netip.Prefix) bool {
	if slices.ContainsFunc(n.Addresses(), net.Contains) || n.DHCP && net.Addr().Is6() != n.Address.Is6() {
		return true
	}
	for _, l := range n.ExtraLinks {
		if l.DHCP || slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return net.Contains(p.Addr()) }) {
			return true
		}
	}
	return false
}

// linkNames are the kernel's names of a node's links, and whether all of them are known: those that are selected by
// their hardware are not.
func linkNames(n *Node) (names []string, all bool) {
	all = true
	add := func(name string, vlan int) {
		if name == "" {
			all = false
			return
		}
		names = append(names, name)
		if vlan != 0 {
			names = append(names, name+"."+strconv.Itoa(vlan))
		}
	}
	add(Link{Interface: n.Interface, Bond: n.Bond}.card(), 0)
	if n.Bridge != nil {
		add(n.Bridge.Name, n.VLAN)
	} else if n.VLAN != 0 {
		add(Link{Interface: n.Interface, Bond: n.Bond}.card(), n.VLAN)
	}
	for _, l := range n.ExtraLinks {
		add(Link{Interface: l.Interface, Bond: l.Bond}.card(), l.VLAN)
	}
	return names, all
}

// answeringCards checks that the interfaces that answer over L2 exist on the nodes.
func (c *checker) answeringCards(nodes []*Node) {
	list := c.s.Cilium.L2.Interfaces
	if len(list) == 0 {
		return
	}
	var patterns []*regexp.Regexp
	for _, text := range list {
		re, err := regexp.Compile(text)
		if err != nil {
			return // told already
		}
		patterns = append(patterns, re)
	}
	match := func(name string) bool {
		return slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool { return re.MatchString(name) })
	}
	for _, n := range nodes {
		names, all := linkNames(n)
		if all && !slices.ContainsFunc(names, match) {
			c.errorf(field.NewPath("cilium", "l2", "interfaces"), "%s match no link of %s (%s): it would take addresses and not answer for them", quoted(list), n.Name, quoted(names))
			return
		}
	}
}

// devices checks that Cilium finds a card on each node
// (https://docs.cilium.io/en/stable/network/concepts/masquerading/#implementation-modes).
func (c *checker) devices() {
	list := c.s.Cilium.Devices
	if len(list) == 0 {
		return
	}
	match := func(name string) bool {
		return slices.ContainsFunc(list, func(d string) bool {
			prefix, wild := strings.CutSuffix(d, "+")
			return wild && strings.HasPrefix(name, prefix) || d == name
		})
	}
	for _, n := range c.s.Nodes {
		names, all := linkNames(&n)
		carrier := carrierName(&n)
		switch {
		case all && !slices.ContainsFunc(names, match):
			c.errorf(field.NewPath("cilium", "devices"), "%s match no link of %s (%s): Cilium would not start there", quoted(list), n.Name, quoted(names))
			return
		case carrier != "" && !match(carrier):
			c.errorf(field.NewPath("cilium", "devices"), "%s leave out %s of %s, which carries its address: services would not answer there", quoted(list), carrier, n.Name)
			return
		}
	}
}

// carrierName is the kernel's name of the link that carries a node's address, or "" when it is selected by hardware.
func carrierName(n *Node) string {
	name := Link{Interface: n.Interface, Bond: n.Bond}.card()
	if n.Bridge != nil {
		name = n.Bridge.Name
	}
	if name != "" && n.VLAN != 0 {
		name += "." + strconv.Itoa(n.VLAN)
	}
	return name
}

// endpointListens checks that the Kubernetes API is at the endpoint's address and port.
func (c *checker) endpointListens(path *field.Path, a netip.Addr, port string) {
	vip := c.s.Network.VIP
	owner, listens := "", a == vip
	if listens {
		owner = "network.vip"
	}
	for i, n := range c.s.Nodes {
		if n.IsControlPlane() && slices.Contains(n.Addresses(), a) {
			owner, listens = fmt.Sprintf("%s (%s)", nodePath(i), n.Name), true
		}
	}
	switch {
	case listens && port != "" && port != APIPort:
		c.errorf(path, "port %s of %s: the API listens on %s there", port, owner, APIPort)
	case listens || c.someoneAt(a):
	case vip.IsValid() && c.inNodeNetwork(a):
		c.errorf(path, "%s is neither network.vip (%s) nor a control plane, and no one else in the plan: nobody would listen; leave it out for the VIP, or list a load balancer in network.reserved", a, vip)
	}
}

// someoneAt reports whether the plan knows a machine beside the cluster, or another rule's owner, at an address.
func (c *checker) someoneAt(a netip.Addr) bool {
	return slices.Contains(c.s.Network.Gateways, a) || c.pooled(a) ||
		slices.ContainsFunc(c.s.Network.Reserved, func(r Range) bool { return r.Contains(a) }) ||
		slices.ContainsFunc(c.s.Nodes, func(n Node) bool { return slices.Contains(n.Addresses(), a) })
}
