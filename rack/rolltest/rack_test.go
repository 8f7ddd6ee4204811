// Package rolltest holds the roll to simulated Talos machines with a real etcd and real API servers on them.
package rolltest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/rack/kube"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/sandbox"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

var dayTwo = flag.Bool("day2", false, "run a whole cluster of simulated machines, which takes minutes")

// roomEnv tells a test that it runs inside the room, and which rack-kube to use.
const roomEnv = "ROLL_TEST_BINARY"

// lab is a stack of three control planes, with some of its text replaced.
func lab(t *testing.T, edit func(text string) string) *spec.Stack {
	t.Helper()
	raw, err := os.ReadFile(spectest.LabFile(t))
	if err != nil {
		t.Fatal(err)
	}
	stack, problems := spec.Load("lab", []byte(edit(string(raw))))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

// inRoom runs the test in a network namespace of its own, with the stack's addresses. Outside it returns false once that
// is done.
func inRoom(t *testing.T, stack *spec.Stack) bool {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a whole cluster")
	}
	if os.Getenv(roomEnv) != "" {
		addresses := []netip.Addr{stack.Network.VIP}
		for _, n := range stack.Nodes {
			addresses = append(addresses, n.Addresses()...)
		}
		if err := sandbox.Furnish(sandbox.Room{Addresses: addresses, Dir: t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		return true
	}
	if !*dayTwo {
		t.Skip("takes minutes; `make test-day2` runs it")
	}
	err := sandbox.Seal(t.Context(), sandbox.Command{
		Path: os.Args[0], Args: []string{"-test.run=^" + t.Name() + "$", "-test.v=" + strconv.FormatBool(testing.Verbose()), "-test.timeout=14m"},
		Env: append(os.Environ(), roomEnv+"="+build(t, stack)), Stdout: os.Stdout, Stderr: os.Stderr, Grace: 5 * time.Second,
	})
	if errors.Is(err, sandbox.ErrNoNamespaces) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return false
}

func build(t *testing.T, stack *spec.Stack) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(cache, "home-ops-rack", "test", "rack-kube")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "-ldflags",
		"-X k8s.io/component-base/version.gitVersion="+string(stack.Cluster.KubernetesVersion), "../cmd/rack-kube")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building rack-kube: %v\n%s", err, out)
	}
	return binary
}

// cluster is the stack's machines, as they are after a first `pulumi up`.
type cluster struct {
	t        *testing.T
	machines map[string]*node.Node
	fabric   *kube.Fabric
	bundle   *secrets.Bundle
	// plugIn powers a machine with blank disks on.
	plugIn func(spec.Node) *node.Node
	// admin proves to be an administrator, stranger is nobody.
	admin, stranger credentials.TransportCredentials
	kubernetes      roll.KubeAPI
	config          *rest.Config
	client          kubernetes.Interface

	mu sync.Mutex
	// away are the machines that do not run, most the greatest number of them at once, order those that went.
	away  map[string]bool
	most  int
	order []string
}

func newCluster(t *testing.T, stack *spec.Stack) *cluster {
	t.Helper()
	contract, err := config.ParseContractFromVersion(string(stack.Cluster.TalosContract))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := secrets.NewBundle(secrets.NewClock(), contract)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(pair.Crt, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle.Certs.OS.Crt)
	c := &cluster{
		t: t, machines: map[string]*node.Node{}, bundle: bundle, away: map[string]bool{},
		admin:    credentials.NewTLS(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}),
		stranger: credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}),
	}
	c.powerOn(stack)
	c.bootstrap(stack)
	return c
}

// powerOn starts every machine, in maintenance mode.
func (c *cluster) powerOn(stack *spec.Stack) {
	logFile, err := os.Create(filepath.Join(c.t.TempDir(), "rack.log"))
	if err != nil {
		c.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(logFile, nil))
	fabric, err := kube.NewFabric(kube.Options{Binary: os.Getenv(roomEnv), Dir: c.t.TempDir(), Log: log})
	if err != nil {
		c.t.Fatal(err)
	}
	c.fabric = fabric
	discovery := node.NewDiscovery()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	c.plugIn = func(n spec.Node) *node.Node {
		var leases []netip.Prefix
		for _, address := range n.Addresses() {
			network, _ := stack.Network.NodeNetworkOf(address)
			leases = append(leases, netip.PrefixFrom(address, network.Bits()))
		}
		m, err := node.New(node.Options{
			Name: n.Name, Dir: c.t.TempDir(), Addresses: leases, Kubernetes: fabric.Node(n.Name),
			MediaVersion: string(stack.Cluster.TalosVersion), Discovery: discovery, Log: log,
			OnState: func(s node.State) { c.note(n.Name, s) },
			Hardware: node.Hardware{
				Disks: []node.Disk{
					{Path: "/dev/sda", Size: 480e9, Type: node.DiskSSD, Model: "KINGSTON SA400S37", Serial: "SYSTEM" + n.Name},
					{Path: "/dev/nvme0n1", Size: 1e12, Type: node.DiskNVMe, Transport: "nvme", Model: "Data", Serial: "DATA" + n.Name},
				},
				Links: []node.Link{{Name: "eth0", MAC: n.MAC.String(), Driver: "virtio_net"}},
			},
		})
		if err != nil {
			c.t.Fatal(err)
		}
		running.Go(func() {
			if err := m.Run(ctx); err != nil {
				log.Error("machine", "error", err)
			}
		})
		return m
	}
	for _, n := range stack.Nodes {
		c.machines[n.Name] = c.plugIn(n)
	}
	c.t.Cleanup(func() {
		cancel()
		running.Wait()
		fabric.Close()
		if c.t.Failed() {
			text, _ := os.ReadFile(logFile.Name())
			c.t.Logf("the rack's log:\n%s", text[max(0, len(text)-6000):])
		}
	})
	for _, m := range c.machines {
		if err := m.WaitFor(c.t.Context(), node.Maintenance); err != nil {
			c.t.Fatal(err)
		}
	}
}

// configOf builds a node's config, as the program does.
func (c *cluster) configOf(stack *spec.Stack, n spec.Node) []byte {
	c.t.Helper()
	raw, err := machineconfig.Build(stack, n, machineconfig.Secrets{Bundle: c.bundle})
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

// talos is the API of the machine at an address.
func (c *cluster) talos(address netip.Addr) roll.TalosAPI {
	c.t.Helper()
	dial := func(transport credentials.TransportCredentials) *grpc.ClientConn {
		redial := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: 5 * time.Second}
		redial.Backoff.MaxDelay = 2 * time.Second
		conn, err := grpc.NewClient("passthrough:///"+netip.AddrPortFrom(address, constants.ApidPort).String(),
			grpc.WithTransportCredentials(transport), grpc.WithConnectParams(redial))
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	return roll.TalosAPI{Secure: dial(c.admin), Stranger: dial(c.stranger)}
}

// bootstrap configures the machines as the provider does, starts etcd, and waits for the API.
func (c *cluster) bootstrap(stack *spec.Stack) {
	for _, n := range stack.Nodes {
		_, err := machineapi.NewMachineServiceClient(c.talos(n.Address).Stranger).ApplyConfiguration(c.t.Context(),
			&machineapi.ApplyConfigurationRequest{Data: c.configOf(stack, n), Mode: machineapi.ApplyConfigurationRequest_AUTO})
		if err != nil {
			c.t.Fatalf("%s: %v", n.Name, err)
		}
	}
	first := c.talos(stack.Nodes[0].Address)
	c.eventually("bootstrap", func(ctx context.Context) error {
		_, err := machineapi.NewMachineServiceClient(first.Secure).Bootstrap(ctx, &machineapi.BootstrapRequest{})
		return err
	})
	c.enter(stack)
}

// enter has the first machine give a kubeconfig, and waits for the API.
func (c *cluster) enter(stack *spec.Stack) {
	first := c.talos(stack.Nodes[0].Address)
	c.eventually("a kubeconfig", func(ctx context.Context) error {
		kubeconfig, err := first.Kubeconfig(ctx)
		if err != nil {
			return err
		}
		c.config, err = clientcmd.RESTConfigFromKubeConfig(kubeconfig)
		return err
	})
	c.config.WarningHandler = rest.NoWarnings{}
	trust, err := rest.TLSConfigFor(c.config)
	if err != nil {
		c.t.Fatal(err)
	}
	c.kubernetes = roll.KubeAPI{API: kubeapi.API{Server: c.config.Host, Client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true},
	}}}
	if c.client, err = kubernetes.NewForConfig(c.config); err != nil {
		c.t.Fatal(err)
	}
	c.eventually("every API server", func(ctx context.Context) error {
		var errs []error
		for _, n := range stack.Nodes {
			errs = append(errs, c.kubernetes.APIReady(ctx, roll.NodeOf(stack, n)))
		}
		_, err := c.client.Discovery().ServerVersion()
		return errors.Join(append(errs, err)...)
	})
}

func (c *cluster) note(name string, state node.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case state == node.Running:
		delete(c.away, name)
	case !c.away[name]:
		c.away[name] = true
		c.order = append(c.order, name)
	}
	c.most = max(c.most, len(c.away))
}

// forget begins to count anew.
func (c *cluster) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most, c.order = len(c.away), nil
}

func (c *cluster) went() (most int, order []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most, slices.Clone(c.order)
}

// eventually tries until there is no error. After a power cut the VIP alone may be away for a minute.
func (c *cluster) eventually(what string, try func(ctx context.Context) error) {
	c.t.Helper()
	var err error
	for began := time.Now(); time.Since(began) < 4*time.Minute; time.Sleep(200 * time.Millisecond) {
		if err = try(c.t.Context()); err == nil {
			return
		}
	}
	c.t.Fatalf("%s: %v", what, err)
}
