package node_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/role"

	"github.com/home-ops/home-ops/rack/node"
)

// fast is quick, but long enough that a client sees each step.
var fast = node.Timing{
	Install: 30 * time.Millisecond, Boot: 30 * time.Millisecond, Stop: 10 * time.Millisecond,
	Reboot: 50 * time.Millisecond, Failure: 30 * time.Millisecond,
}

const installerImage = "ghcr.io/siderolabs/installer:v1.11.1"

var lastAddress atomic.Uint32

// newAddress is a loopback address that no other test uses, of this process or another.
func newAddress() netip.Addr {
	n := lastAddress.Add(1)
	pid := os.Getpid()
	return netip.AddrFrom4([4]byte{127, byte(10 + pid%200), byte(pid / 200), byte(n)})
}

// testNode is a running node with its fake Kubernetes.
type testNode struct {
	*node.Node
	address netip.Addr
	opts    node.Options
	kube    *fakeKubernetes
	stop    func()

	// log is what the node wrote to its console.
	log    *logBuffer
	mu     sync.Mutex
	states []node.State
}

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// seen are the states that the node has been in since the last call.
func (n *testNode) seen() []node.State {
	n.mu.Lock()
	defer n.mu.Unlock()
	states := n.states
	n.states = nil
	return states
}

func startNode(t *testing.T, change ...func(*node.Options)) *testNode {
	t.Helper()
	address := newAddress()
	log := &logBuffer{}
	opts := node.Options{
		Dir:       t.TempDir(),
		Addresses: []netip.Prefix{netip.PrefixFrom(address, 16)},
		Timing:    fast,
		Log:       slog.New(slog.NewTextHandler(io.MultiWriter(t.Output(), log), nil)),
	}
	for _, f := range change {
		f(&opts)
	}
	kube, ok := opts.Kubernetes.(*fakeKubernetes)
	if !ok {
		kube = &fakeKubernetes{etcd: &fakeEtcd{}}
		opts.Kubernetes = kube
	}
	n := &testNode{address: opts.Addresses[0].Addr(), kube: kube, log: log}
	opts.OnState = func(s node.State) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.states = append(n.states, s)
	}
	n.opts = opts
	n.start(t)
	return n
}

// start runs the node until the test ends or stop is called.
func (n *testNode) start(t *testing.T) {
	t.Helper()
	made, err := node.New(n.opts)
	if err != nil {
		t.Fatal(err)
	}
	n.Node = made
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- made.Run(ctx) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(n.stop)
}

func (n *testNode) await(t *testing.T, states ...node.State) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := n.WaitFor(ctx, states...); err != nil {
		t.Fatal(err)
	}
}

// insecure is a client as `talosctl --insecure` makes it.
func (n *testNode) insecure(t *testing.T) *client.Client {
	t.Helper()
	return newClient(t, client.WithTLSConfig(&tls.Config{InsecureSkipVerify: true}), client.WithEndpoints(n.address.String()))
}

// as is a client with a role in the cluster, by mutual TLS.
func (n *testNode) as(t *testing.T, c *cluster, r role.Role) *client.Client {
	t.Helper()
	return newClient(t, client.WithConfig(c.talosconfig(t, r)), client.WithEndpoints(n.address.String()))
}

func (n *testNode) admin(t *testing.T, c *cluster) *client.Client { return n.as(t, c, role.Admin) }

func newClient(t *testing.T, opts ...client.OptionFunc) *client.Client {
	t.Helper()
	c, err := client.New(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// cluster makes the configs of one cluster with machinery's own generator.
type cluster struct {
	bundle *secrets.Bundle
	input  *generate.Input
}

func newCluster(t *testing.T, endpoint netip.Addr) *cluster {
	t.Helper()
	bundle, err := sharedBundle()
	if err != nil {
		t.Fatal(err)
	}
	return clusterOf(t, bundle, endpoint)
}

// sharedBundle is of every cluster that need not differ from others: an RSA key takes a second to make.
var sharedBundle = sync.OnceValues(func() (*secrets.Bundle, error) {
	return secrets.NewBundle(secrets.NewClock(), talosconfig.TalosVersion1_11)
})

// foreignCluster has secrets of its own.
func foreignCluster(t *testing.T, endpoint netip.Addr) *cluster {
	t.Helper()
	bundle, err := secrets.NewBundle(secrets.NewClock(), talosconfig.TalosVersion1_11)
	if err != nil {
		t.Fatal(err)
	}
	return clusterOf(t, bundle, endpoint)
}

func clusterOf(t *testing.T, bundle *secrets.Bundle, endpoint netip.Addr) *cluster {
	t.Helper()
	input, err := generate.NewInput("test", fmt.Sprintf("https://%s:6443", endpoint), "1.34.1",
		generate.WithVersionContract(talosconfig.TalosVersion1_11), generate.WithSecretsBundle(bundle),
		generate.WithInstallDisk("/dev/nvme0n1"), generate.WithInstallImage(installerImage))
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{bundle: bundle, input: input}
}

// config is that of one machine, changed as a test wants it.
func (c *cluster) config(t *testing.T, kind machine.Type, change ...func(*v1alpha1.Config)) []byte {
	t.Helper()
	cfg, err := c.input.Config(kind)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err = cfg.PatchV1Alpha1(func(cfg *v1alpha1.Config) error {
		for _, f := range change {
			f(cfg)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := cfg.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (c *cluster) talosconfig(t *testing.T, r role.Role) *clientconfig.Config {
	t.Helper()
	cert, err := c.bundle.GenerateTalosAPIClientCertificate(role.MakeSet(r))
	if err != nil {
		t.Fatal(err)
	}
	return clientconfig.NewConfig("test", nil, c.bundle.Certs.OS.Crt, cert)
}

// running starts a node and configures it.
func (c *cluster) running(t *testing.T, kind machine.Type, n *testNode) *testNode {
	t.Helper()
	n.await(t, node.Maintenance)
	apply(t, n.insecure(t), c.config(t, kind))
	n.await(t, node.Running)
	return n
}

// wantError checks an error's code and its whole text.
func wantError(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	if status.Code(err) != code || status.Convert(err).Message() != text {
		t.Errorf("got error %s %q,\nwant %s %q", status.Code(err), status.Convert(err).Message(), code, text)
	}
}
