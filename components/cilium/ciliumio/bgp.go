package ciliumio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BGPClusterConfig makes nodes speak BGP
// (https://docs.cilium.io/en/stable/network/bgp-control-plane/bgp-control-plane-configuration/).
type BGPClusterConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              BGPClusterConfigSpec `json:"spec"`
}

// BGPClusterConfigSpec says which nodes, as what, and with whom. Two configs
// that choose the same node are a conflict.
type BGPClusterConfigSpec struct {
	// NodeSelector chooses the nodes; nil is all of them.
	NodeSelector *metav1.LabelSelector `json:"nodeSelector,omitempty"`
	// BGPInstances are the virtual routers on each node.
	BGPInstances []BGPInstance `json:"bgpInstances"`
}

// BGPInstance is one virtual router.
type BGPInstance struct {
	Name     string `json:"name"`
	LocalASN int64  `json:"localASN"`
	// LocalPort is where the router listens; zero is nowhere.
	LocalPort int32     `json:"localPort,omitempty"`
	Peers     []BGPPeer `json:"peers"`
}

// BGPPeer is one neighbour of a virtual router.
type BGPPeer struct {
	Name string `json:"name"`
	// PeerASN is the neighbour's autonomous system; zero takes whichever it says.
	PeerASN       int64              `json:"peerASN"`
	PeerAddress   string             `json:"peerAddress"`
	PeerConfigRef *BGPPeerConfigName `json:"peerConfigRef,omitempty"`
}

// BGPPeerConfigName refers to a BGPPeerConfig.
type BGPPeerConfigName struct {
	Name string `json:"name"`
}

// BGPPeerConfig is how a session with a neighbour runs.
type BGPPeerConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              BGPPeerConfigSpec `json:"spec"`
}

// BGPPeerConfigSpec is how a session with a neighbour runs.
type BGPPeerConfigSpec struct {
	Transport *BGPTransport `json:"transport,omitempty"`
	Timers    *BGPTimers    `json:"timers,omitempty"`
	// AuthSecretRef names the Secret whose key "password" is the session's MD5
	// password, in the namespace of the chart value bgpControlPlane.secretsNamespace.
	AuthSecretRef   string              `json:"authSecretRef,omitempty"`
	GracefulRestart *BGPGracefulRestart `json:"gracefulRestart,omitempty"`
	// EBGPMultihop is the TTL of the session's packets: 1 is the same network.
	EBGPMultihop int32       `json:"ebgpMultihop,omitempty"`
	Families     []BGPFamily `json:"families"`
}

// BGPTransport is the session's TCP side.
type BGPTransport struct {
	PeerPort int32 `json:"peerPort"`
}

// BGPTimers are the session's timers, in seconds.
type BGPTimers struct {
	ConnectRetry int32 `json:"connectRetryTimeSeconds"`
	HoldTime     int32 `json:"holdTimeSeconds"`
	KeepAlive    int32 `json:"keepAliveTimeSeconds"`
}

// BGPGracefulRestart is RFC 4724.
type BGPGracefulRestart struct {
	Enabled     bool  `json:"enabled"`
	RestartTime int32 `json:"restartTimeSeconds,omitempty"`
}

// BGPFamily is an address family of a session and the advertisements that go
// over it, chosen by their labels. Without a selector nothing is announced.
type BGPFamily struct {
	AFI            string                `json:"afi"`
	SAFI           string                `json:"safi"`
	Advertisements *metav1.LabelSelector `json:"advertisements"`
}

// BGPAdvertisement is what is announced.
type BGPAdvertisement struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              BGPAdvertisementSpec `json:"spec"`
}

// BGPAdvertisementSpec is what is announced.
type BGPAdvertisementSpec struct {
	Advertisements []BGPRoutes `json:"advertisements"`
}

// The values of BGPRoutes.Type.
const (
	BGPService = "Service"
	BGPPodCIDR = "PodCIDR"
)

// The values of BGPServiceRoutes.Addresses.
const (
	BGPLoadBalancerIP = "LoadBalancerIP"
	BGPClusterIP      = "ClusterIP"
)

// BGPRoutes are announced routes of one type.
type BGPRoutes struct {
	Type    string            `json:"advertisementType"`
	Service *BGPServiceRoutes `json:"service,omitempty"`
	// Attributes go with each route.
	Attributes *BGPAttributes `json:"attributes,omitempty"`
	// Selector chooses the Services. For them nil is none; for pod networks it
	// must be nil.
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// BGPAttributes go with announced routes.
type BGPAttributes struct {
	Communities *BGPCommunities `json:"communities,omitempty"`
}

// BGPCommunities are the marks of announced routes (RFC 1997, RFC 8092).
type BGPCommunities struct {
	Standard []string `json:"standard,omitempty"`
	Large    []string `json:"large,omitempty"`
}

// BGPServiceRoutes says which of a Service's addresses are announced.
type BGPServiceRoutes struct {
	Addresses []string `json:"addresses"`
}

// BGPNodeConfigOverride is what one node does otherwise, of which it has the name
// (https://docs.cilium.io/en/stable/network/bgp-control-plane/bgp-control-plane-configuration/#bgp-configuration-override).
type BGPNodeConfigOverride struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              BGPNodeConfigOverrideSpec `json:"spec"`
}

// BGPNodeConfigOverrideSpec is what one node does otherwise.
type BGPNodeConfigOverrideSpec struct {
	BGPInstances []BGPInstanceOverride `json:"bgpInstances"`
}

// BGPInstanceOverride is what one virtual router, found by its name, does otherwise.
type BGPInstanceOverride struct {
	Name     string `json:"name"`
	RouterID string `json:"routerID,omitempty"`
	LocalASN int64  `json:"localASN,omitempty"`
}
