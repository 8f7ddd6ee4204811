package cilium

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// bgpEnd is Cilium's end of the sessions.
type bgpEnd struct {
	Advertisements []*ciliumio.BGPAdvertisement
	PeerConfigs    []*ciliumio.BGPPeerConfig
	Clusters       []*ciliumio.BGPClusterConfig
	Overrides      []*ciliumio.BGPNodeConfigOverride
}

// bgpObjects are Cilium's end of the sessions; nil without BGP.
func bgpObjects(stack *spec.Stack, sessions *bgp.Plan) *bgpEnd {
	if sessions == nil {
		return nil
	}
	end := &bgpEnd{}
	for _, session := range sessions.Sessions {
		name := advertisementOf(session)
		if !slices.ContainsFunc(end.Advertisements, func(a *ciliumio.BGPAdvertisement) bool { return a.Name == name }) {
			end.Advertisements = append(end.Advertisements, advertisement(name, session))
		}
		end.PeerConfigs = append(end.PeerConfigs, peerConfig(session))
	}
	for _, group := range sessions.Groups() {
		end.Clusters = append(end.Clusters, clusterConfig(stack, sessions, group))
	}
	for _, o := range sessions.Overrides {
		end.Overrides = append(end.Overrides, nodeOverride(sessions, o))
	}
	return end
}

// nodeOverride is what one node does otherwise.
func nodeOverride(sessions *bgp.Plan, o spec.BGPOverride) *ciliumio.BGPNodeConfigOverride {
	instance := ciliumio.BGPInstanceOverride{Name: sessions.Cluster, LocalASN: int64(o.LocalASN)}
	if o.RouterID.IsValid() {
		instance.RouterID = o.RouterID.String()
	}
	return &ciliumio.BGPNodeConfigOverride{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumBGPNodeConfigOverride"),
		ObjectMeta: ciliumio.Named(o.Node),
		Spec:       ciliumio.BGPNodeConfigOverrideSpec{BGPInstances: []ciliumio.BGPInstanceOverride{instance}},
	}
}

func clusterConfig(stack *spec.Stack, sessions *bgp.Plan, group bgp.Group) *ciliumio.BGPClusterConfig {
	var peers []ciliumio.BGPPeer
	for _, s := range group.Sessions {
		peers = append(peers, ciliumio.BGPPeer{
			Name:          s.Name,
			PeerASN:       int64(s.ASN),
			PeerAddress:   s.Address.String(),
			PeerConfigRef: &ciliumio.BGPPeerConfigName{Name: s.Name},
		})
	}
	return &ciliumio.BGPClusterConfig{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumBGPClusterConfig"),
		ObjectMeta: ciliumio.Named(group.Name),
		Spec: ciliumio.BGPClusterConfigSpec{
			NodeSelector: nodeSelector(stack, group.Nodes),
			BGPInstances: []ciliumio.BGPInstance{{
				Name:      sessions.Cluster,
				LocalASN:  int64(sessions.LocalASN),
				LocalPort: int32(sessions.LocalPort),
				Peers:     peers,
			}},
		},
	}
}

func peerConfig(s bgp.Session) *ciliumio.BGPPeerConfig {
	config := &ciliumio.BGPPeerConfig{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumBGPPeerConfig"),
		ObjectMeta: ciliumio.Named(s.Name),
		Spec: ciliumio.BGPPeerConfigSpec{
			Transport: &ciliumio.BGPTransport{PeerPort: int32(s.Port)},
			Timers: &ciliumio.BGPTimers{
				ConnectRetry: int32(s.ConnectRetry.Seconds()),
				HoldTime:     int32(s.HoldTime.Seconds()),
				KeepAlive:    int32(s.KeepAlive.Seconds()),
			},
			EBGPMultihop: int32(max(s.Multihop, 1)),
			Families: []ciliumio.BGPFamily{{
				AFI:            s.Family(),
				SAFI:           "unicast",
				Advertisements: &metav1.LabelSelector{MatchLabels: announced(advertisementOf(s))},
			}},
		},
	}
	if s.PasswordRef != "" {
		config.Spec.AuthSecretRef = passwordSecret(s)
	}
	if s.GracefulRestart.Enabled {
		config.Spec.GracefulRestart = &ciliumio.BGPGracefulRestart{
			Enabled:     true,
			RestartTime: int32(s.GracefulRestart.RestartTime.Seconds()),
		}
	}
	return config
}

// advertisementOf names the advertisement of a session: that of all, or one of its own.
func advertisementOf(s bgp.Session) string {
	if s.Own {
		return "bgp-" + s.Name
	}
	return "bgp"
}

func advertisement(name string, s bgp.Session) *ciliumio.BGPAdvertisement {
	a := &ciliumio.BGPAdvertisement{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumBGPAdvertisement"),
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: announced(name)},
	}
	for _, kind := range s.Tells {
		route := routes(kind)
		route.Attributes = attributes(s.Marks)
		a.Spec.Advertisements = append(a.Spec.Advertisements, route)
	}
	return a
}

// routes choose every Service that does not ask to be left out. The selector must
// be there: one that is missing chooses nothing, the usual reason for sessions
// that are up and announce nothing (https://github.com/cilium/cilium/issues/33076).
// Which Services have an address to announce is for the pools to decide.
func routes(kind spec.Advertisement) ciliumio.BGPRoutes {
	switch kind {
	case spec.AdvertisePods:
		return ciliumio.BGPRoutes{Type: ciliumio.BGPPodCIDR}
	case spec.AdvertiseClusterIP:
		return serviceRoutes(ciliumio.BGPClusterIP)
	default:
		return serviceRoutes(ciliumio.BGPLoadBalancerIP)
	}
}

func serviceRoutes(address string) ciliumio.BGPRoutes {
	return ciliumio.BGPRoutes{
		Type:    ciliumio.BGPService,
		Service: &ciliumio.BGPServiceRoutes{Addresses: []string{address}},
		Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: labels.Announce, Operator: metav1.LabelSelectorOpNotIn, Values: []string{labels.AnnounceNever},
		}}},
	}
}

// announced joins a session's family to its advertisement.
func announced(name string) map[string]string { return map[string]string{labels.Announce: name} }

// passwordSecret names the Secret of a session's password, in kube-system.
func passwordSecret(s bgp.Session) string { return "bgp-" + s.Name }
