package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	edgeaccess "github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/components/secretstore"
	"github.com/home-ops/home-ops/rack/addons"
	addon "github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/externalsecrets"
	"github.com/home-ops/home-ops/rack/addons/volumes"
	"github.com/home-ops/home-ops/rack/addons/zfs"
	"github.com/home-ops/home-ops/rack/externaldns"
	"github.com/home-ops/home-ops/rack/factory"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/gitops"
	"github.com/home-ops/home-ops/rack/kube"
	"github.com/home-ops/home-ops/rack/kube/process"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/programs"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/spec"
)

// rack is the hardware: one simulated machine for each node of the stack, and what they run.
type rack struct {
	dir    string
	fabric *kube.Fabric
	// nodes are in the order of the stack file.
	nodes []*machine

	cancel  context.CancelFunc
	running sync.WaitGroup
	// volumes are what is on the cluster's volumes.
	volumes *volumes.Contents
	// zfs is what ZFS makes of the machines' disks.
	zfs *zfs.Hosts
	// build makes the machine of a node; its disks are in the folder.
	build func(stack *spec.Stack, n spec.Node, dir string) (*machine, error)
	// ctx is the rack's own.
	ctx context.Context

	mu sync.Mutex
	// onState and onBootstrap are told what happens, for scenarios that wait for a moment.
	onState     func(name string, state node.State)
	onBootstrap func(name string)
	// states are those of the machines, by the names that they were plugged in under.
	states map[string]node.State
	faults []error
	// configured is where each machine took its first config, by its name.
	configured map[string]netip.Addr
	// admin is the way to the API server before the program has handed out any; nil before there is one.
	admin *rest.Config
}

// machine is one node and its line in the stack file.
type machine struct {
	*node.Node
	spec     spec.Node
	hardware node.Hardware
	// dir is where its disks are.
	dir string
	// stores are the user volumes in which Longhorn keeps data.
	stores []string
}

// newRack powers every machine on, in maintenance mode.
func newRack(ctx context.Context, config *room.Config, stack *spec.Stack, world *world, lease lease, dir string) (*rack, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("rack: %w", err)
	}
	logFile, err := os.Create(filepath.Join(dir, "rack.log"))
	if err != nil {
		return nil, fmt.Errorf("rack: %w", err)
	}
	log := slog.New(slog.NewTextHandler(logFile, nil))
	ctx, cancel := context.WithCancel(ctx)
	r := &rack{dir: dir, cancel: cancel, states: map[string]node.State{}, configured: map[string]netip.Addr{}, volumes: volumes.In(filepath.Join(dir, "volumes"))}
	r.zfs = zfs.NewHosts(hosts{r}, r.lacksZFS)
	if r.fabric, err = kube.NewFabric(kube.Options{
		Binary:       config.Kube,
		ControlPlane: func(version string) string { return config.ControlPlanes.Of(version).Path },
		Etcd:         func(talos string) string { return config.Etcds.Of(room.EtcdOf(spec.Version(talos))).Path },
		Dir:          dir, Operators: r.operators(world, log), Log: log,
	}); err != nil {
		cancel()
		return nil, fmt.Errorf("rack: %w", err)
	}
	discovery := node.NewDiscovery()
	r.ctx = ctx
	r.build = func(stack *spec.Stack, n spec.Node, dir string) (*machine, error) {
		hardware := hardwareOf(stack, n)
		m, err := node.New(node.Options{
			Name: n.Name, Dir: dir, Addresses: lease.of(stack, n), Hardware: hardware,
			MediaVersion: string(stack.Cluster.TalosVersion), Kubernetes: r.watched(n.Name), Discovery: discovery,
			Pull: func(ref string) error { return errors.Join(world.factory.Pull(ref), pullKubernetes(config, ref)) }, Extensions: extensions(world.factory),
			File:    func(name string) ([]byte, error) { return r.zfs.File(n.Name, name) },
			OnState: func(s node.State) { r.stateChanged(n.Name, s) }, OnConfigured: func(at netip.Addr) { r.took(n.Name, at) }, Log: log,
		})
		return &machine{Node: m, spec: n, hardware: hardware, dir: dir, stores: stores(stack, n)}, err
	}
	for _, n := range stack.Nodes {
		m, err := r.build(stack, n, filepath.Join(dir, n.Name))
		if err != nil {
			r.stop()
			return nil, fmt.Errorf("rack: %w", err)
		}
		r.nodes = append(r.nodes, m)
	}
	for _, m := range r.nodes {
		r.plugIn(m)
	}
	for _, m := range r.nodes {
		if err := m.WaitFor(ctx, node.Maintenance); err != nil {
			r.stop()
			return nil, errors.Join(err, r.err())
		}
	}
	return r, nil
}

// stores are the user volumes of a node in which Longhorn keeps data.
func stores(stack *spec.Stack, n spec.Node) []string {
	l := stack.Storage.Longhorn
	if l == nil || len(l.Nodes) > 0 && !slices.Contains(l.Nodes, n.Name) {
		return nil
	}
	return slices.DeleteFunc(l.Volumes(), func(name string) bool { _, has := n.UserVolume(name); return !has })
}

// plugIn gives a machine its power.
func (r *rack) plugIn(m *machine) {
	r.running.Go(func() {
		if err := m.Run(r.ctx); err != nil {
			r.fault(err)
		}
	})
}

// atConsole switches a machine off, and resets it from its boot menu: its disks keep what is neither Talos's nor etcd's.
func (m *machine) atConsole(ctx context.Context) error {
	m.PowerOff()
	if err := m.WaitFor(ctx, node.Off); err != nil {
		return err
	}
	if err := m.ResetAtConsole(); err != nil {
		return err
	}
	m.PowerOn()
	return m.WaitFor(ctx, node.Maintenance)
}

// exchange has a machine die, and puts another one of the same kind, with blank disks, in its place.
func (r *rack) exchange(ctx context.Context, stack *spec.Stack, old *machine) error {
	old.PowerOff()
	if err := old.WaitFor(ctx, node.Off); err != nil {
		return err
	}
	fresh, err := r.build(stack, old.spec, old.dir+"-exchanged")
	if err != nil {
		return fmt.Errorf("rack: %w", err)
	}
	for i := range r.nodes {
		if r.nodes[i] == old {
			r.nodes[i] = fresh
		}
	}
	r.plugIn(fresh)
	return fresh.WaitFor(ctx, node.Maintenance)
}

// operators play what the pods' programs would do: Flux's by Flux's own programs, the others' by stand-ins.
func (r *rack) operators(world *world, log *slog.Logger) func(context.Context, *rest.Config) error {
	return func(ctx context.Context, config *rest.Config) error {
		world.edge.attach(config)
		r.mu.Lock()
		r.admin = config
		r.mu.Unlock()
		var running sync.WaitGroup
		defer running.Wait()
		running.Go(func() {
			r.fault(gitops.Run(ctx, config, gitops.Options{
				Bin: world.config.Flux.Bin, Distribution: world.config.Flux.Distribution, Dir: filepath.Join(r.dir, "flux"),
				Env: world.environment(), OnExit: func(exit process.Exit) { log.Warn("a program of Flux ended", "exit", exit) }, Log: log.With("component", "flux"),
			}))
		})
		var simulated []addon.Controller
		if world.config.Genuine == nil {
			simulated = append(addons.Cilium(filepath.Join(world.config.CRDs, "cilium")),
				externaldns.Controller(world.client(), ""), externalsecrets.Controller(world.connectURL))
		} else {
			connect := connectServiceOf(world.stack, log.With("component", "genuine"))
			if connect != nil {
				defer connect.Close()
			}
			for _, options := range r.genuine(world, connect, log) {
				running.Go(func() { r.fault(programs.Run(ctx, config, options)) })
			}
		}
		return addons.Run(ctx, config, addons.Options{
			Hosts: hosts{r}, Mounts: r.mountsOf, Down: r.isDown, ZFS: r.zfs, Engines: r.runsFromVar,
			Volumes: r.volumes, Buckets: world.buckets(), More: simulated, Log: log.With("component", "operators"),
		})
	}
}

// genuine are the programs that run in place of simulated operators, for each namespace. The Service of Connect is nil where there is
// none in the cluster.
func (r *rack) genuine(world *world, connect *connectService, log *slog.Logger) []programs.Options {
	in := func(namespace, deployment string, program programs.Program) programs.Options {
		return programs.Options{
			Namespace: namespace, Bin: world.config.Genuine.Bin, Dir: filepath.Join(r.dir, "genuine"), Env: world.environment(),
			Programs: map[string]programs.Program{deployment: program},
			OnExit:   func(exit process.Exit) { log.Warn("a genuine program ended", "exit", exit) }, Log: log.With("component", "genuine"),
		}
	}
	secrets := in(secretstore.Namespace, "external-secrets", programs.Program{
		Binary: genuine.ExternalSecrets,
		// It is the only one of its kind, and its ports are not to clash with others'.
		Flags: []string{"--enable-leader-election=false", "--metrics-addr=0", "--live-addr=0"},
	})
	if connect != nil {
		secrets.Also = connect.look
	}
	return []programs.Options{
		in(metav1.NamespaceSystem, "cilium-operator", programs.Program{Binary: genuine.CiliumOperator, Flags: genuine.CiliumFlags()}),
		// The one at Cloudflare. That at the home's router asks a webhook beside it, which is not here.
		in(edgeaccess.Namespace, "external-dns-cloudflare", programs.Program{
			Binary: genuine.ExternalDNS, Flags: []string{"--kubeconfig={dir}/kubeconfig", "--metrics-address=127.0.0.1:0"},
		}),
		secrets,
	}
}

// stop pulls every plug.
func (r *rack) stop() {
	r.cancel()
	r.running.Wait()
	r.fabric.Close()
}

func (r *rack) fault(err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, err)
}

func (r *rack) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.faults...)
}

// watch tells what happens from now on; either may be nil.
func (r *rack) watch(onState func(string, node.State), onBootstrap func(string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onState, r.onBootstrap = onState, onBootstrap
}

func (r *rack) stateChanged(name string, state node.State) {
	r.mu.Lock()
	r.states[name] = state
	tell := r.onState
	r.mu.Unlock()
	if tell != nil {
		tell(name, state)
	}
}

// isDown says of a node that its machine runs no programs: it is off, or on its way there or back.
func (r *rack) isDown(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	state, known := r.states[name]
	return known && state != node.Running
}

// watched is a node's Kubernetes that tells when it was bootstrapped, before the caller hears of it.
func (r *rack) watched(name string) node.Kubernetes {
	return &watchedKubernetes{Node: r.fabric.Node(name), name: name, rack: r}
}

// watchedKubernetes embeds the type and not the interface, which would hide what else a node can do.
type watchedKubernetes struct {
	*kube.Node
	name string
	rack *rack
}

func (w *watchedKubernetes) Bootstrap(ctx context.Context, from node.Recovery) error {
	if err := w.Node.Bootstrap(ctx, from); err != nil {
		return err
	}
	w.rack.mu.Lock()
	tell := w.rack.onBootstrap
	w.rack.mu.Unlock()
	if tell != nil {
		tell(w.name)
	}
	return nil
}

// leases are the addresses that the machine gets from DHCP: those it will keep, as a reservation gives them.
func leases(stack *spec.Stack, n spec.Node) []netip.Prefix {
	var all []netip.Prefix
	for _, address := range n.Addresses() {
		bits := address.BitLen()
		if network, ok := stack.Network.NodeNetworkOf(address); ok {
			bits = network.Bits()
		}
		all = append(all, netip.PrefixFrom(address, bits))
	}
	return all
}

// extensions are what a node finds in the image that it was installed from.
func extensions(images *factory.Factory) func(string) []node.Extension {
	return func(schematic string) []node.Extension {
		var all []node.Extension
		for _, name := range images.Extensions(schematic) {
			all = append(all, node.Extension{Name: name})
		}
		return all
	}
}
