package flows

import "net/netip"

// Addresses for documentation (RFC 5737, RFC 3849): nobody has a route of their own for them.
var (
	internet4 = netip.MustParseAddr("203.0.113.7")
	internet6 = netip.MustParseAddr("2001:db8::7")
)

// internet is an address of the internet for each family that pods have.
func (c *Cluster) internet() []End {
	var ends []End
	if _, ok := c.Stack.Network.PodCIDR4(); ok {
		ends = append(ends, End{Address: internet4, called: "the internet"})
	}
	if _, ok := c.Stack.Network.PodCIDR6(); ok {
		ends = append(ends, End{Address: internet6, called: "the internet"})
	}
	return ends
}

// router is a machine of the home network that is no node.
func (c *Cluster) router() []End {
	var ends []End
	for _, address := range c.Stack.Network.Gateways {
		ends = append(ends, End{Address: address, called: "the home's router"})
	}
	return ends
}

// home is machines of the home: one in the nodes' network, and one in another network behind the router.
func (c *Cluster) home() []End {
	ends := c.router()
	if _, ok := c.Stack.Network.PodCIDR4(); ok {
		ends = append(ends, End{Address: netip.MustParseAddr("192.168.178.20"), called: "a machine of the home"})
	}
	if _, ok := c.Stack.Network.PodCIDR6(); ok {
		ends = append(ends, End{Address: netip.MustParseAddr("fd12:3456::20"), called: "a machine of the home"})
	}
	return ends
}

// anywhere is the internet and the home: for what is kept at an address that the vault alone knows.
func (c *Cluster) anywhere() []End { return append(c.internet(), c.home()...) }
