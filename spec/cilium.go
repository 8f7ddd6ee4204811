package spec

import (
	"net/netip"
	"slices"
)

// Cilium is the pod network, the load balancer and the Gateway API (https://docs.cilium.io).
type Cilium struct {
	// Routing is native (pods' packets travel as they are; the nodes share one network, or BGP carries the
	// routes) or tunnel. Default: native, or tunnel when the nodes stand in several networks.
	Routing Routing `json:"routing,omitempty"`
	// TunnelProtocol is vxlan or geneve. Default: vxlan, or geneve with DSR, which needs it.
	TunnelProtocol TunnelProtocol `json:"tunnelProtocol,omitempty"`
	// LoadBalancerMode is snat (replies return by the node that received the request) or dsr (the serving
	// node replies by itself and sees the client's address). Default: dsr with native routing, else snat.
	LoadBalancerMode LoadBalancerMode `json:"loadBalancerMode,omitempty"`
	// LoadBalancerAlgorithm is random or maglev, which keeps connections when a node is lost. Default: maglev.
	LoadBalancerAlgorithm LoadBalancerAlgorithm `json:"loadBalancerAlgorithm,omitempty"`
	// Devices are the interfaces that Cilium's eBPF programs attach to; a trailing "+" stands for any
	// characters. Default: those with a default route, as Cilium finds them.
	Devices []string `json:"devices,omitempty" example:"[enp+]"`
	// MTU of pods. Default: 0, which Cilium derives from the devices.
	MTU int `json:"mtu,omitempty" min:"0" max:"9216"`

	// Pools are the addresses for services of type LoadBalancer.
	Pools []Pool `json:"pools,omitempty"`
	// L2 answers ARP and neighbour discovery for those addresses. On by default when there are pools and no
	// BGP.
	L2 L2 `json:"l2,omitzero"`
	// BGP announces those addresses to routers instead.
	BGP *BGP `json:"bgp,omitempty"`

	// GatewayAPI runs Cilium's implementation of the Gateway API.
	GatewayAPI GatewayAPI `json:"gatewayAPI,omitzero"`
	// Hubble shows the flows in the network.
	Hubble Hubble `json:"hubble,omitzero"`
	// Encryption encrypts the traffic between pods of different nodes.
	Encryption NetworkEncryption `json:"encryption,omitzero"`
	// PolicyBaseline closes pods to each other by default, also within a namespace, until a network policy of that
	// namespace opens them. What every pod needs stays open: DNS, the API server, gateways, the internet. The home network
	// needs a policy. The policies of the tree are written for it. Default: true.
	PolicyBaseline bool `json:"policyBaseline,omitempty"`
	// HostFirewall applies network policies to the nodes themselves too. Default: false.
	HostFirewall bool `json:"hostFirewall,omitempty"`
	// BandwidthManager paces pods' traffic, with BBR for their TCP. Default: false.
	BandwidthManager bool `json:"bandwidthManager,omitempty"`
	// Exclusive removes other CNI configurations from the nodes; Multus wants false. Default: true.
	Exclusive bool `json:"exclusive,omitempty"`
	// ExtraValues are further values of Cilium's chart, for what has no key here. They are held against the chart's own
	// keys, and may not change what this program sets.
	ExtraValues map[string]any `json:"extraValues,omitempty"`
}

func (c *Cilium) defaults() {
	c.LoadBalancerAlgorithm = "maglev"
	c.PolicyBaseline = true
	c.Exclusive = true
}

// Routing is how pods' packets travel between nodes.
type Routing string

// The ways.
const (
	RoutingNative Routing = "native"
	RoutingTunnel Routing = "tunnel"
)

// Values lists the ways.
func (Routing) Values() []string { return []string{"native", "tunnel"} }

// TunnelProtocol is the encapsulation of tunnel routing.
type TunnelProtocol string

// The protocols.
const (
	TunnelVXLAN  TunnelProtocol = "vxlan"
	TunnelGeneve TunnelProtocol = "geneve"
)

// Values lists the protocols.
func (TunnelProtocol) Values() []string { return []string{"vxlan", "geneve"} }

// LoadBalancerMode is who replies to a client.
type LoadBalancerMode string

// The modes.
const (
	LoadBalancerSNAT LoadBalancerMode = "snat"
	LoadBalancerDSR  LoadBalancerMode = "dsr"
)

// Values lists the modes.
func (LoadBalancerMode) Values() []string { return []string{"snat", "dsr"} }

// LoadBalancerAlgorithm chooses the backend of a connection.
type LoadBalancerAlgorithm string

// Values lists the algorithms.
func (LoadBalancerAlgorithm) Values() []string { return []string{"random", "maglev"} }

// L2 answers ARP and neighbour discovery for load-balancer addresses
// (https://docs.cilium.io/en/stable/network/l2-announcements/).
type L2 struct {
	// Enabled switches it on. Default: true when there are pools and no BGP.
	Enabled bool `json:"enabled,omitempty"`
	// Interfaces are regular expressions for the interfaces to answer on. Default: all.
	Interfaces []string `json:"interfaces,omitempty" example:"[^enp.*]"`
	// Nodes names the nodes that may answer. Default: the workers, or every node when control planes run
	// workloads.
	Nodes []string `json:"nodes,omitempty"`
	// LeaseDuration is how long a lost node's address is unreachable at most. Default: 15s.
	LeaseDuration Duration `json:"leaseDuration,omitempty"`
}

func (l *L2) defaults() { l.LeaseDuration = Duration(15e9) }

// Pool is a set of addresses for services of type LoadBalancer.
type Pool struct {
	// Name is the pool's Kubernetes name.
	Name string `json:"name" form:"label" required:"true" example:"default"`
	// Blocks are the addresses: prefixes, ranges or single ones, of either family.
	Blocks []Range `json:"blocks" required:"true" min:"1" example:"[10.0.50.100-10.0.50.150]"`
	// Purpose is any (every service), gateways (only the gateways and the split-DNS server, so that nothing
	// else takes their addresses) or selected (the services that ServiceLabels choose). Default: any.
	Purpose PoolPurpose `json:"purpose,omitempty"`
	// ServiceLabels choose the services, with purpose selected.
	ServiceLabels map[string]string `json:"serviceLabels,omitempty"`
	// AllowFirstLast also hands out the first and last address of each prefix, which some network equipment
	// refuses to talk to. Default: false.
	AllowFirstLast bool `json:"allowFirstLast,omitempty"`
}

func (p *Pool) defaults() { p.Purpose = PoolAny }

// Contains reports whether the pool can hand out a.
func (p Pool) Contains(a netip.Addr) bool {
	return slices.ContainsFunc(p.Blocks, func(r Range) bool { return r.Contains(a) })
}

// PoolPurpose says which services use a pool.
type PoolPurpose string

// The purposes.
const (
	PoolAny      PoolPurpose = "any"
	PoolGateways PoolPurpose = "gateways"
	PoolSelected PoolPurpose = "selected"
)

// Values lists the purposes.
func (PoolPurpose) Values() []string { return []string{"any", "gateways", "selected"} }

// GatewayAPI runs Cilium's implementation of the Gateway API.
type GatewayAPI struct {
	// Enabled installs it with its kinds. Default: true.
	Enabled bool `json:"enabled,omitempty"`
	// Channel is standard or experimental, which adds kinds such as TLSRoute. Default: standard.
	Channel GatewayChannel `json:"channel,omitempty"`
}

func (g *GatewayAPI) defaults() { g.Enabled, g.Channel = true, "standard" }

// GatewayChannel is a release channel of the Gateway API
// (https://gateway-api.sigs.k8s.io/concepts/versioning/#release-channels).
type GatewayChannel string

// Values lists the channels.
func (GatewayChannel) Values() []string { return []string{"standard", "experimental"} }

// Hubble shows the flows in the network.
type Hubble struct {
	// Enabled collects flows on each node. Default: true.
	Enabled bool `json:"enabled,omitempty"`
	// Relay makes them available for the whole cluster. Default: true.
	Relay bool `json:"relay,omitempty"`
	// UI serves the web page; it needs Relay. Default: true.
	UI bool `json:"ui,omitempty"`
	// Metrics are the flow metrics for Prometheus. Default: dns, drop, tcp, flow, icmp and http counts.
	Metrics []string `json:"metrics,omitempty"`
}

func (h *Hubble) defaults() {
	h.Enabled, h.Relay, h.UI = true, true, true
	h.Metrics = []string{"dns:query", "drop", "tcp", "flow", "port-distribution", "icmp", "http"}
}

// NetworkEncryption encrypts the traffic between pods of different nodes
// (https://docs.cilium.io/en/stable/security/network/encryption-wireguard/).
type NetworkEncryption struct {
	// Type is none or wireguard. Default: none.
	Type NetworkEncryptionType `json:"type,omitempty"`
	// Nodes also encrypts traffic between the nodes themselves. Default: false.
	Nodes bool `json:"nodes,omitempty"`
}

func (e *NetworkEncryption) defaults() { e.Type = EncryptionNone }

// NetworkEncryptionType is a kind of encryption.
type NetworkEncryptionType string

// The kinds.
const (
	EncryptionNone      NetworkEncryptionType = "none"
	EncryptionWireGuard NetworkEncryptionType = "wireguard"
)

// Values lists the kinds.
func (NetworkEncryptionType) Values() []string { return []string{"none", "wireguard"} }
