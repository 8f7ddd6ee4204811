package cilium

import "github.com/home-ops/home-ops/spec"

// chartValues is the part of the chart's values that the stack decides, under the
// chart's own names.
type chartValues struct {
	Cluster cluster  `json:"cluster"`
	Devices []string `json:"devices,omitempty"`
	MTU     int      `json:"MTU,omitempty"`
	CNI     cni      `json:"cni"`

	IPv4        enabled  `json:"ipv4"`
	IPv6        enabled  `json:"ipv6"`
	Masquerade4 bool     `json:"enableIPv4Masquerade"`
	Masquerade6 bool     `json:"enableIPv6Masquerade"`
	Kubernetes  podCIDRs `json:"k8s"`

	RoutingMode      spec.Routing        `json:"routingMode"`
	TunnelProtocol   spec.TunnelProtocol `json:"tunnelProtocol,omitempty"`
	NativeCIDR4      string              `json:"ipv4NativeRoutingCIDR,omitempty"`
	NativeCIDR6      string              `json:"ipv6NativeRoutingCIDR,omitempty"`
	DirectNodeRoutes bool                `json:"autoDirectNodeRoutes"`
	SkipUnreachable  bool                `json:"directRoutingSkipUnreachable"`
	LoadBalancer     loadBalancer        `json:"loadBalancer"`

	L2Announcements enabled         `json:"l2announcements"`
	ClientRateLimit *rateLimit      `json:"k8sClientRateLimit,omitempty"`
	BGPControlPlane bgpControlPlane `json:"bgpControlPlane"`

	GatewayAPI       enabled          `json:"gatewayAPI"`
	HostFirewall     enabled          `json:"hostFirewall"`
	BandwidthManager bandwidthManager `json:"bandwidthManager"`
	Encryption       *encryption      `json:"encryption,omitempty"`
	Hubble           hubble           `json:"hubble"`
	Operator         operator         `json:"operator"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type cluster struct {
	Name string `json:"name"`
}

type cni struct {
	Exclusive bool `json:"exclusive"`
}

type podCIDRs struct {
	RequirePodCIDR4 bool `json:"requireIPv4PodCIDR"`
	RequirePodCIDR6 bool `json:"requireIPv6PodCIDR"`
}

type loadBalancer struct {
	Mode        spec.LoadBalancerMode      `json:"mode"`
	Algorithm   spec.LoadBalancerAlgorithm `json:"algorithm"`
	DSRDispatch string                     `json:"dsrDispatch,omitempty"`
}

type rateLimit struct {
	QPS   int `json:"qps"`
	Burst int `json:"burst"`
}

type bgpControlPlane struct {
	Enabled   bool       `json:"enabled"`
	RouterIDs *routerIDs `json:"routerIDAllocation,omitempty"`
}

type routerIDs struct {
	Mode string `json:"mode"`
	Pool string `json:"ipPool"`
}

type bandwidthManager struct {
	Enabled bool `json:"enabled"`
	BBR     bool `json:"bbr"`
}

type encryption struct {
	Enabled        bool                       `json:"enabled"`
	Type           spec.NetworkEncryptionType `json:"type"`
	NodeEncryption bool                       `json:"nodeEncryption"`
}

type hubble struct {
	Enabled     bool          `json:"enabled"`
	Metrics     hubbleMetrics `json:"metrics"`
	Relay       enabled       `json:"relay"`
	UI          enabled       `json:"ui"`
	PeerService peerService   `json:"peerService"`
}

type hubbleMetrics struct {
	Enabled     []string `json:"enabled,omitempty"`
	OpenMetrics bool     `json:"enableOpenMetrics"`
}

type peerService struct {
	ClusterDomain string `json:"clusterDomain"`
}

type operator struct {
	Replicas int `json:"replicas"`
}
