package bgp

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	api "github.com/osrg/gobgp/v3/api"
	"github.com/osrg/gobgp/v3/pkg/log"
	"github.com/osrg/gobgp/v3/pkg/server"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/home-ops/home-ops/components/cilium"
	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// node speaks BGP as Cilium's agent would on that node, from Cilium's objects.
type node struct {
	t      *testing.T
	spec   spec.Node
	server *server.BgpServer
}

// objectsOf are the objects of one type in the plan of CiliumNetworking.
func objectsOf[T any](t *testing.T, stack *spec.Stack) []T {
	t.Helper()
	steps, err := cilium.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for _, step := range steps {
		if object, ok := step.Object.(T); ok {
			all = append(all, object)
		}
	}
	return all
}

// startNode does what the objects say for one node. Cilium reads passwords from
// Secrets; here they are given.
func startNode(t *testing.T, stack *spec.Stack, name, password string) *node {
	t.Helper()
	machine, _ := stack.Node(name)
	n := &node{t: t, spec: machine, server: server.NewBgpServer(server.LoggerOption(silent{}))}
	go n.server.Serve()
	t.Cleanup(n.server.Stop)

	configs := objectsOf[*ciliumio.BGPPeerConfig](t, stack)
	instance := objectsOf[*ciliumio.BGPClusterConfig](t, stack)[0].Spec.BGPInstances[0]
	id, ok := machine.AddressOf(false)
	if !ok {
		id = netip.MustParseAddr("10.255.255.1")
	}
	if err := n.server.StartBgp(t.Context(), &api.StartBgpRequest{Global: &api.Global{
		Asn: uint32(instance.LocalASN), RouterId: id.String(), ListenPort: -1,
	}}); err != nil {
		t.Fatal(err)
	}
	for _, peer := range instance.Peers {
		at := slices.IndexFunc(configs, func(c *ciliumio.BGPPeerConfig) bool {
			return c.Name == peer.PeerConfigRef.Name
		})
		if err := n.server.AddPeer(t.Context(), n.peer(peer, configs[at].Spec, password)); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func (n *node) peer(peer ciliumio.BGPPeer, config ciliumio.BGPPeerConfigSpec, password string) *api.AddPeerRequest {
	if config.AuthSecretRef == "" {
		password = ""
	}
	local, _ := n.spec.AddressOf(netip.MustParseAddr(peer.PeerAddress).Is6())
	p := &api.Peer{
		Conf: &api.PeerConf{NeighborAddress: peer.PeerAddress, PeerAsn: uint32(peer.PeerASN), AuthPassword: password},
		Transport: &api.Transport{
			LocalAddress: local.String(), RemotePort: uint32(config.Transport.PeerPort),
		},
		// The first attempt comes at once all the same; Cilium's own retry would make a slow test.
		Timers: &api.Timers{Config: &api.TimersConfig{
			ConnectRetry: 1, IdleHoldTimeAfterReset: 1,
			HoldTime:          uint64(config.Timers.HoldTime),
			KeepaliveInterval: uint64(config.Timers.KeepAlive),
		}},
		EbgpMultihop: &api.EbgpMultihop{Enabled: config.EBGPMultihop > 1, MultihopTtl: uint32(config.EBGPMultihop)},
	}
	if g := config.GracefulRestart; g != nil {
		p.GracefulRestart = &api.GracefulRestart{
			Enabled: g.Enabled, RestartTime: uint32(g.RestartTime), NotificationEnabled: true, LocalRestarting: true,
		}
	}
	for _, f := range config.Families {
		p.AfiSafis = append(p.AfiSafis, &api.AfiSafi{
			Config:            &api.AfiSafiConfig{Family: family(f.AFI == "ipv6"), Enabled: true},
			MpGracefulRestart: &api.MpGracefulRestart{Config: &api.MpGracefulRestartConfig{Enabled: config.GracefulRestart != nil}},
		})
	}
	return &api.AddPeerRequest{Peer: p}
}

// announce offers a route by way of this node.
func (n *node) announce(route netip.Prefix) {
	n.t.Helper()
	next, ok := n.spec.AddressOf(route.Addr().Is6())
	if !ok {
		n.t.Fatalf("%s has no address of the family of %s", n.spec.Name, route)
	}
	nlri := packed(n.t, &api.IPAddressPrefix{Prefix: route.Addr().String(), PrefixLen: uint32(route.Bits())})
	attributes := []*anypb.Any{packed(n.t, &api.OriginAttribute{})}
	if route.Addr().Is6() {
		attributes = append(attributes, packed(n.t, &api.MpReachNLRIAttribute{
			Family: family(true), NextHops: []string{next.String()}, Nlris: []*anypb.Any{nlri},
		}))
	} else {
		attributes = append(attributes, packed(n.t, &api.NextHopAttribute{NextHop: next.String()}))
	}
	_, err := n.server.AddPath(n.t.Context(), &api.AddPathRequest{
		Path: &api.Path{Family: family(route.Addr().Is6()), Nlri: nlri, Pattrs: attributes},
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// leave closes every session in due form, as a node that is taken down does.
func (n *node) leave() {
	n.t.Helper()
	if err := n.server.StopBgp(context.WithoutCancel(n.t.Context()), &api.StopBgpRequest{}); err != nil {
		n.t.Fatal(err)
	}
}

func family(six bool) *api.Family {
	f := &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST}
	if six {
		f.Afi = api.Family_AFI_IP6
	}
	return f
}

func packed(t *testing.T, m proto.Message) *anypb.Any {
	t.Helper()
	a, err := anypb.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// silent drops GoBGP's log: what went wrong, the router says too.
type silent struct{}

func (silent) Panic(string, log.Fields) {}
func (silent) Fatal(string, log.Fields) {}
func (silent) Error(string, log.Fields) {}
func (silent) Warn(string, log.Fields)  {}
func (silent) Info(string, log.Fields)  {}
func (silent) Debug(string, log.Fields) {}
func (silent) SetLevel(log.LogLevel)    {}
func (silent) GetLevel() log.LogLevel   { return log.ErrorLevel }
