package spec

import (
	"net/netip"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// nodeLink is a link that the fields of a node describe.
type nodeLink struct {
	// path leads to the node or to the extra link.
	path *field.Path
	// name is the kernel's name as far as the stack file gives it; mac the card's address.
	name string
	mac  MAC
	vlan int
	mtu  int
	own  []netip.Prefix
}

// nodeLinks lists the links of a node: the one of its address, then the others.
func (c *checker) nodeLinks(at *field.Path, n *Node) []nodeLink {
	if len(n.Patches) == 0 {
		return nil
	}
	name := Link{Interface: n.Interface, Bond: n.Bond}.card()
	out := []nodeLink{{at, name, n.MAC, n.VLAN, n.MTU, c.s.InterfacePrefixes(*n)}}
	if n.Bridge != nil {
		out[0].name = n.Bridge.Name
	}
	for i, l := range n.ExtraLinks {
		out = append(out, nodeLink{at.Child("extraLinks").Index(i), Link{Interface: l.Interface, Bond: l.Bond}.card(), l.MAC, l.VLAN, l.MTU, l.Addresses})
	}
	return out
}

// links judges the interfaces of a patch beside those of the fields.
func (p *patch) links(links []nodeLink) {
	for _, device := range p.root.get("machine", "network", "interfaces").list() {
		p.vip(device)
		mine := matching(links, device, 0)
		if mine != nil {
			p.sameDevice(device, mine)
		}
		p.addressing(device, mine)
		for _, vlan := range device.get("vlans").list() {
			p.vip(vlan)
			tag, _ := strconv.Atoi(vlan.get("vlanId").text())
			tagged := matching(links, device, tag)
			if tagged != nil {
				p.mtu(vlan, tagged)
			}
			p.addressing(vlan, tagged)
		}
	}
}

// matching is the node's own link on the device that a patch describes, or nil.
func matching(links []nodeLink, device part, vlan int) *nodeLink {
	name := device.get("interface").text()
	var mac MAC
	for _, key := range []string{"permanentAddr", "hardwareAddr"} {
		if m, err := ParseMAC(device.get("deviceSelector", key).text()); err == nil {
			mac = m
		}
	}
	for i := range links {
		l := &links[i]
		same := name != "" && name == l.name || !mac.IsZero() && mac == l.mac
		if same && (vlan == 0 || l.vlan == vlan) {
			return l
		}
	}
	return nil
}

func (p *patch) vip(device part) {
	if device.get("vip").exists() {
		p.c.errorf(device.get("vip").path, "is set from network.vip; change it there")
	}
}

// sameDevice refuses what the fields say of the device already.
func (p *patch) sameDevice(device part, mine *nodeLink) {
	if mine.vlan == 0 {
		p.mtu(device, mine)
	}
	if device.get("ignore").text() == "true" {
		p.c.errorf(device.get("ignore").path, "takes the link of %s away, and with it its addresses", p.c.s.origin(mine.path))
	}
	for _, key := range []string{"bond", "bridge"} {
		if device.get(key).exists() {
			p.c.errorf(device.get(key).path, "describes the link of %s a second time; change it there", p.c.s.origin(mine.path))
		}
	}
}

func (p *patch) mtu(device part, mine *nodeLink) {
	if mtu := device.get("mtu").text(); mtu != "" && mtu != strconv.Itoa(mine.mtu) {
		p.c.errorf(device.get("mtu").path, "%s differs from %s (%d) of the same link: larger packets would be lost; change it there", mtu, mine.path.Child("mtu"), mine.mtu)
	}
}

// addressing notes the addresses of a link for the comparison with all others.
func (p *patch) addressing(link part, mine *nodeLink) {
	for _, a := range link.get("addresses").list() {
		prefix, err := netip.ParsePrefix(a.text())
		if err != nil {
			addr, err := netip.ParseAddr(a.text())
			if err != nil {
				p.c.errorf(a.path, "%q is not an address with a prefix length, such as 10.0.50.11/16", a.text())
				continue
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		p.c.place(a.path, prefix.Addr(), ofLink, p.n.Name)
		if mine != nil {
			continue
		}
		for i, own := range p.c.s.Network.NodeCIDRs {
			if own.IsValid() && own.Overlaps(prefix.Masked()) && p.c.hostAddress(a.path, prefix.Addr()) && !p.taken(prefix.Addr()) {
				p.c.errorf(a.path, "%s lies in network.nodeCIDRs[%d] (%s): with two links in one network the node answers on the wrong one", prefix, i, own)
			}
		}
	}
	for _, r := range link.get("routes").list() {
		to, via := r.get("network").text(), r.get("gateway").text()
		gateway, err := netip.ParseAddr(via)
		if err != nil || to != "" && !strings.HasSuffix(to, "/0") || r.get("metric").exists() || p.n.DHCP {
			continue
		}
		for _, g := range p.c.s.DefaultGateways(*p.n) {
			if g.Is6() == gateway.Is6() {
				p.c.errorf(r.path, "is a second default route beside that over %s (network.gateways) with the same metric 1024; give it a higher one", g)
			}
		}
	}
}

// taken reports whether an address has another owner, which is told as such.
func (p *patch) taken(a netip.Addr) bool {
	for i := range p.c.s.Nodes {
		for _, b := range p.c.s.Nodes[i].Addresses() {
			if a == b {
				return true
			}
		}
	}
	return a == p.c.s.Network.VIP || p.c.pooled(a)
}
