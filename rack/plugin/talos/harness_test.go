package talos_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/plugin/serve"
	"github.com/home-ops/home-ops/rack/plugin/talos"
)

// The resources' types.
const (
	secretsType    = "talos:machine/secrets:Secrets"
	applyType      = "talos:machine/configurationApply:ConfigurationApply"
	bootstrapType  = "talos:machine/bootstrap:Bootstrap"
	kubeconfigType = "talos:cluster/kubeconfig:Kubeconfig"
	schematicType  = "talos:imageFactory/schematic:Schematic"
)

// provider is the plugin as the engine speaks to it.
type provider struct {
	pulumirpc.ResourceProviderClient
	t *testing.T
}

func startProvider(t *testing.T) provider {
	t.Helper()
	return startProviderWith(t, nil)
}

func startProviderWith(t *testing.T, settings resource.PropertyMap) provider {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, talos.New(context.Background(), &serve.Engine{}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)

	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := provider{pulumirpc.NewResourceProviderClient(conn), t}
	configure := &pulumirpc.ConfigureRequest{AcceptSecrets: true, Args: p.wire(settings)}
	if _, err := p.Configure(t.Context(), configure); err != nil {
		t.Fatal(err)
	}
	return p
}

func urn(token string) string { return "urn:pulumi:dev::test::" + token + "::it" }

func (p provider) wire(properties resource.PropertyMap) *structpb.Struct {
	p.t.Helper()
	marshaled, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return marshaled
}

func (p provider) properties(marshaled *structpb.Struct) resource.PropertyMap {
	p.t.Helper()
	properties, err := plugin.UnmarshalProperties(marshaled, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return properties
}

// check returns the failures as path: reason.
func (p provider) check(token string, inputs resource.PropertyMap) map[string]string {
	p.t.Helper()
	response, err := p.Check(p.t.Context(), &pulumirpc.CheckRequest{Urn: urn(token), News: p.wire(inputs)})
	if err != nil {
		p.t.Fatal(err)
	}
	failures := map[string]string{}
	for _, failure := range response.GetFailures() {
		failures[failure.GetProperty()] = failure.GetReason()
	}
	return failures
}

func (p provider) tryCreate(token string, inputs resource.PropertyMap) (resource.PropertyMap, error) {
	p.t.Helper()
	response, err := p.Create(p.t.Context(), &pulumirpc.CreateRequest{Urn: urn(token), Properties: p.wire(inputs)})
	if err != nil {
		return nil, err
	}
	return p.properties(response.GetProperties()), nil
}

func (p provider) create(token string, inputs resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	state, err := p.tryCreate(token, inputs)
	if err != nil {
		p.t.Fatal(err)
	}
	return state
}

func (p provider) preview(token string, inputs resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	response, err := p.Create(p.t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(token), Properties: p.wire(inputs), Preview: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.properties(response.GetProperties())
}

func (p provider) diff(token string, state, inputs resource.PropertyMap) *pulumirpc.DiffResponse {
	p.t.Helper()
	response, err := p.Diff(p.t.Context(),
		&pulumirpc.DiffRequest{Urn: urn(token), Olds: p.wire(state), News: p.wire(inputs)})
	if err != nil {
		p.t.Fatal(err)
	}
	return response
}

func (p provider) update(token string, state, inputs resource.PropertyMap, preview bool) resource.PropertyMap {
	p.t.Helper()
	response, err := p.Update(p.t.Context(),
		&pulumirpc.UpdateRequest{Urn: urn(token), Olds: p.wire(state), News: p.wire(inputs), Preview: preview})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.properties(response.GetProperties())
}

// plain is a property with its secrecy taken off, at every depth.
func plain(properties resource.PropertyMap) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(properties.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() {
			return plain(resource.PropertyMap{"v": v.SecretValue().Element})["v"].Mappable(), true
		}
		return nil, false
	}))
}

// nodeAddress is a loopback address that no other test uses, of this process or another.
func nodeAddress() netip.Addr {
	n, pid := nodes.Add(1), os.Getpid()
	return netip.AddrFrom4([4]byte{127, byte(10 + pid%200), byte(100 + pid/200%100), byte(n)})
}

var nodes atomic.Uint32

// startNode runs a simulated machine in maintenance until the test ends.
func startNode(t *testing.T) (machine *node.Node, address string) {
	t.Helper()
	at := nodeAddress()
	machine = startNodeAt(t, at)
	awaitState(t, machine, node.Maintenance)
	return machine, at.String()
}

func startNodeAt(t *testing.T, address netip.Addr) *node.Node {
	t.Helper()
	machine, err := node.New(node.Options{
		Dir:        t.TempDir(),
		Addresses:  []netip.Prefix{netip.PrefixFrom(address, 16)},
		Kubernetes: &kubernetes{},
		Timing: node.Timing{
			Install: 30 * time.Millisecond, Boot: 30 * time.Millisecond, Stop: 20 * time.Millisecond,
			Reboot: 50 * time.Millisecond, Failure: 30 * time.Millisecond,
		},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- machine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return machine
}

func awaitState(t *testing.T, machine *node.Node, state node.State) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := machine.WaitFor(ctx, state); err != nil {
		t.Fatal(err)
	}
}

// kubernetes is what runs on a configured node: nothing but what the provider asks for.
type kubernetes struct {
	machine      node.Machine
	bootstrapped atomic.Bool
}

func (k *kubernetes) Boot(_ context.Context, m node.Machine) error        { k.machine = m; return nil }
func (k *kubernetes) Reconfigure(_ context.Context, m node.Machine) error { k.machine = m; return nil }
func (k *kubernetes) Bootstrap(context.Context, node.Recovery) error {
	k.bootstrapped.Store(true)
	return nil
}
func (k *kubernetes) HasEtcdData() bool               { return k.bootstrapped.Load() }
func (k *kubernetes) ReleaseVIPs()                    {}
func (k *kubernetes) VIPs() []netip.Addr              { return nil }
func (k *kubernetes) LeaveEtcd(context.Context) error { return nil }
func (k *kubernetes) Services() []node.Service        { return nil }

func (k *kubernetes) EtcdMembers(context.Context) ([]node.EtcdMember, error) { return nil, nil }

func (k *kubernetes) Shutdown(_ context.Context, wipe bool) error {
	if wipe {
		k.bootstrapped.Store(false)
	}
	return nil
}

func (k *kubernetes) Kubeconfig(context.Context) ([]byte, error) {
	return kubeconfigOf(k.machine.Config.K8sClusterConfig().ClusterName())
}
