package spec

import "net/netip"

// Bond joins several network cards into one link.
type Bond struct {
	// Name is the bond's name in the kernel. Default: bond0.
	Name string `json:"name,omitempty" form:"interface"`
	// MACs selects the member cards by their hardware addresses. Give these or Interfaces.
	MACs []MAC `json:"macs,omitempty" example:"[52:54:00:12:34:56, 52:54:00:12:34:57]"`
	// Interfaces selects the member cards by the kernel's names.
	Interfaces []string `json:"interfaces,omitempty" form:"interface" example:"[enp1s0f0, enp1s0f1]"`
	// Mode is how traffic is shared. Default: active-backup, which works with any switch; 802.3ad wants a
	// matching LACP group on the switch.
	Mode BondMode `json:"mode,omitempty"`
	// LACPRate is how often LACP partners talk, in 802.3ad. Default there: fast, which finds a dead partner
	// in three seconds instead of ninety.
	LACPRate LACPRate `json:"lacpRate,omitempty"`
	// HashPolicy chooses the card of a packet, in 802.3ad and balance-xor. Default there: layer3+4, which spreads
	// the connections between two nodes.
	HashPolicy HashPolicy `json:"hashPolicy,omitempty"`
	// MIIMon is how often the cards' links are checked. Default: 100ms; without a check a dead card keeps its
	// traffic.
	MIIMon Duration `json:"miimon,omitempty"`
	// Primary is the card that active-backup prefers, by the kernel's name.
	Primary string `json:"primary,omitempty" form:"interface"`
}

func (b *Bond) defaults() {
	b.Name = "bond0"
	b.Mode = BondActiveBackup
	b.MIIMon = Duration(100e6)
}

// BondMode is a mode of the kernel's bonding driver
// (https://docs.kernel.org/networking/bonding.html).
type BondMode string

// The modes that need particular treatment.
const (
	BondActiveBackup BondMode = "active-backup"
	BondLACP         BondMode = "802.3ad"
	BondXOR          BondMode = "balance-xor"
)

// Values lists the modes.
func (BondMode) Values() []string {
	return []string{"active-backup", "802.3ad", "balance-xor", "balance-rr", "broadcast", "balance-tlb", "balance-alb"}
}

// LACPRate is how often LACP partners talk.
type LACPRate string

// Values lists the rates.
func (LACPRate) Values() []string { return []string{"fast", "slow"} }

// HashPolicy chooses the member card of a packet.
type HashPolicy string

// Values lists the policies.
func (HashPolicy) Values() []string {
	return []string{"layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac"}
}

// Bridge puts a link under a bridge.
type Bridge struct {
	// Name is the bridge's name in the kernel. Default: br0.
	Name string `json:"name,omitempty" form:"interface"`
	// STP runs the spanning tree protocol, against loops. Default: false, since the node is the end of the
	// line.
	STP bool `json:"stp,omitempty"`
}

func (b *Bridge) defaults() { b.Name = "br0" }

// Route is a static route.
type Route struct {
	// To is the destination network.
	To netip.Prefix `json:"to" required:"true" example:"192.168.50.0/24"`
	// Via is the router, in a network of the link. Leave it out for a network that is directly on the link.
	Via netip.Addr `json:"via,omitzero" example:"10.0.0.2"`
	// Metric orders routes to the same network: the lowest wins. Default: 1024, as Talos.
	Metric int `json:"metric,omitempty" min:"1" max:"4294967295"`
}

func (r *Route) defaults() { r.Metric = 1024 }

// Link is a further network of a node, beside the one that carries its address.
type Link struct {
	// MAC selects the card. Give it, or Interface, or Bond. The card that carries the node's address may be
	// named again to put another VLAN on it.
	MAC MAC `json:"mac,omitzero" example:"52:54:00:12:34:57"`
	// Interface selects the card by the kernel's name.
	Interface string `json:"interface,omitempty" form:"interface" example:"enp2s0"`
	// Card selects the card by its driver, its place or the beginning of its MAC: a Thunderbolt port, for example.
	Card CardSelector `json:"card,omitzero"`
	// Bond joins several cards into this link.
	Bond *Bond `json:"bond,omitempty"`
	// VLAN is the 802.1Q tag of this network. Default: 0, untagged.
	VLAN int `json:"vlan,omitempty" min:"0" max:"4094"`
	// Addresses are the node's own, with prefix length. A link without addresses is only brought up, for
	// pods that use it through Multus.
	Addresses []netip.Prefix `json:"addresses,omitempty" example:"[10.1.0.11/24]"`
	// DHCP asks for an address; its routes come after the node network's. Default: false.
	DHCP bool `json:"dhcp,omitempty"`
	// MTU is the largest packet of this network. Default: 1500; Thunderbolt takes 65520.
	MTU int `json:"mtu,omitempty" min:"1280" max:"65520"`
	// Routes are static routes over this link.
	Routes []Route `json:"routes,omitempty"`
}

func (l *Link) defaults() { l.MTU = 1500 }
