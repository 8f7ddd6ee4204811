package spec

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// BGP announces load-balancer addresses to routers
// (https://docs.cilium.io/en/stable/network/bgp-control-plane/bgp-control-plane/).
type BGP struct {
	// LocalASN is the nodes' autonomous system number: private, 64512–65534 or 4200000000–4294967294, and other
	// than the routers', so that routes are exchanged without further rules.
	LocalASN uint32 `json:"localASN" required:"true" example:"64514"`
	// Peers are the routers.
	Peers []BGPPeer `json:"peers" required:"true" min:"1" example:"[{ name: gateway, address: 10.0.0.1, asn: 64512 }]"`
	// Nodes names the nodes that speak BGP. Default: the workers, or every node when control planes run
	// workloads.
	Nodes []string `json:"nodes,omitempty"`
	// Advertise is what is announced. Default: loadBalancer, the addresses of LoadBalancer services.
	Advertise []Advertisement `json:"advertise,omitempty" min:"1"`
	// LocalPort is the port on which the nodes listen for routers that call them: 179, or another where something else
	// has that one. Default: none, the nodes call.
	LocalPort int `json:"localPort,omitempty" min:"1" max:"65535"`
	// Communities mark every route, for the routers' own filters.
	Communities []Community `json:"communities,omitempty" max:"16" example:"[64514:100]"`
	// Overrides are what single nodes do otherwise, as in a rack whose switches give each node an AS number of its own.
	Overrides []BGPOverride `json:"overrides,omitempty" example:"[{ node: worker-1, localASN: 64601 }]"`
	// RouterIDPool gives nodes without IPv4 the 32-bit router id that BGP wants: an IPv4 prefix that need not be
	// routed. Nodes with IPv4 use their address.
	RouterIDPool netip.Prefix `json:"routerIDPool,omitzero" example:"10.255.255.0/24"`
}

func (b *BGP) defaults() { b.Advertise = []Advertisement{AdvertiseLoadBalancer} }

// BGPOverride is what one node does otherwise.
type BGPOverride struct {
	// Node is the node's name.
	Node string `json:"node" required:"true" example:"worker-1"`
	// LocalASN is this node's autonomous system number. Default: localASN of all nodes.
	LocalASN uint32 `json:"localASN,omitempty" example:"64601"`
	// RouterID is this node's 32-bit router id, in the form of an IPv4 address; no other speaker has it. Default: the
	// node's IPv4 address, or one of RouterIDPool.
	RouterID netip.Addr `json:"routerID,omitzero" example:"10.255.255.11"`
}

// Override is what a node does otherwise; empty when it does nothing otherwise.
func (b *BGP) Override(node string) BGPOverride {
	for _, o := range b.Overrides {
		if o.Node == node {
			return o
		}
	}
	return BGPOverride{}
}

// ASNOf is a node's autonomous system number.
func (b *BGP) ASNOf(node string) uint32 {
	if o := b.Override(node); o.LocalASN != 0 {
		return o.LocalASN
	}
	return b.LocalASN
}

// AdvertisedTo is what a peer is told of.
func (b *BGP) AdvertisedTo(p BGPPeer) []Advertisement {
	if len(p.Advertise) > 0 {
		return p.Advertise
	}
	return b.Advertise
}

// CommunitiesTo are the marks of the routes that a peer is told of.
func (b *BGP) CommunitiesTo(p BGPPeer) []Community {
	if p.Communities != nil {
		return p.Communities
	}
	return b.Communities
}

// Community is a mark of routes: "64514:100" (RFC 1997) or "4200000000:1:100" (RFC 8092).
type Community string

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Community) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ":")
	bits := map[int]int{2: 16, 3: 32}[len(parts)]
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, bits); bits == 0 || err != nil || p != strings.TrimLeft(p, "+") {
			return fmt.Errorf("%q is not a community such as 64514:100, or 4200000000:1:100 for large numbers", text)
		}
	}
	*c = Community(text)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (c Community) MarshalText() ([]byte, error) { return []byte(c), nil }

// Large reports whether it has three parts of 32 bits.
func (c Community) Large() bool { return strings.Count(string(c), ":") == 2 }

// Advertisement is a kind of address that BGP announces.
type Advertisement string

// The kinds.
const (
	AdvertiseLoadBalancer Advertisement = "loadBalancer"
	AdvertisePods         Advertisement = "pods"
	AdvertiseClusterIP    Advertisement = "clusterIP"
)

// Values lists the kinds.
func (Advertisement) Values() []string { return []string{"loadBalancer", "pods", "clusterIP"} }

// BGPPeer is one router.
type BGPPeer struct {
	// Name is the peer's name in Cilium.
	Name string `json:"name" form:"label" required:"true" example:"gateway"`
	// Address is the router's address, in a node network, or elsewhere with Multihop.
	Address netip.Addr `json:"address" required:"true" example:"10.0.0.1"`
	// ASN is the router's autonomous system number, 16 or 32 bits. Give it, or LearnASN.
	ASN uint32 `json:"asn,omitempty" example:"64512"`
	// LearnASN takes whatever number the router says it has, so that one entry serves a router whose number changes. Any
	// machine at that address is then believed: give PasswordRef too. Default: false.
	LearnASN bool `json:"learnASN,omitempty"`
	// Port is the router's BGP port. Default: 179.
	Port int `json:"port,omitempty" min:"1" max:"65535"`
	// PasswordRef says where the session's MD5 password is kept. Default: no password.
	PasswordRef SecretRef `json:"passwordRef,omitempty" example:"op://home/bgp/password"`
	// Multihop is how many hops away the peer may be: 1 is on the same network, or the nodes' own router at an address
	// that it has in another VLAN. Default: 0, which means 1 and warns when the address is in no network of the nodes.
	Multihop int `json:"multihop,omitempty" min:"0" max:"255"`
	// KeepAlive is how often the peers talk. Default: 10s.
	KeepAlive Duration `json:"keepAlive,omitempty"`
	// HoldTime is how long a silent peer is believed. Default: 30s, so that a lost node's routes go in half a
	// minute rather than Cilium's minute and a half; at least three times KeepAlive.
	HoldTime Duration `json:"holdTime,omitempty"`
	// ConnectRetry is how long to wait between attempts to connect. Default: 15s.
	ConnectRetry Duration `json:"connectRetry,omitempty"`
	// GracefulRestart keeps the routes while Cilium's agent restarts. Default: on, for 2m.
	GracefulRestart GracefulRestart `json:"gracefulRestart,omitzero"`
	// Advertise is what this router is told of; a session carries the family of its address alone, so that two peers of
	// one router may differ. Default: cilium.bgp.advertise.
	Advertise []Advertisement `json:"advertise,omitempty" min:"1"`
	// Communities mark the routes to this router. Default: cilium.bgp.communities; an empty list marks none.
	Communities []Community `json:"communities,omitempty" max:"16" example:"[64514:200]"`
	// Nodes names the nodes that peer with this router. Default: all that speak BGP.
	Nodes []string `json:"nodes,omitempty"`
}

func (p *BGPPeer) defaults() {
	p.Port = 179
	p.KeepAlive, p.HoldTime, p.ConnectRetry = Duration(10e9), Duration(30e9), Duration(15e9)
}

// GracefulRestart keeps routes while Cilium's agent restarts (RFC 4724).
type GracefulRestart struct {
	// Enabled switches it on. Default: true.
	Enabled bool `json:"enabled,omitempty"`
	// RestartTime is how long the router keeps the routes. Default: 2m; at most 4095s.
	RestartTime Duration `json:"restartTime,omitempty"`
}

func (g *GracefulRestart) defaults() { g.Enabled, g.RestartTime = true, Duration(120e9) }
