package kube

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/siderolabs/net"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/k8s"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/etcd"
	"github.com/home-ops/home-ops/rack/kube/kubelet"
	"github.com/home-ops/home-ops/rack/kube/manifests"
	"github.com/home-ops/home-ops/rack/node"
)

// manifestsPause is the wait before bootstrap manifests that the API refused are tried again.
const manifestsPause = 2 * time.Second

// plane is the control plane of one boot.
type plane struct {
	fabric *Fabric
	// node is the node's name in the rack.
	node   string
	log    *slog.Logger
	member *member
	// candidates stand for the virtual IPs.
	candidates *candidates
	// dir is the node's EPHEMERAL partition.
	dir string
	// applied is closed once the bootstrap manifests are in the cluster.
	applied chan struct{}

	// updating is held while components are replaced, which takes longer than mu may be held.
	updating sync.Mutex

	mu         sync.Mutex
	spec       controlplane.Plane
	components []*component
	// secrets counts the secrets that were written in this boot, and renewed is closed, and made anew, with each further ones.
	secrets int
	renewed chan struct{}
}

func newPlane(n *Node, m node.Machine, machine kubelet.Machine) (*plane, error) {
	spec, member, err := planeSpec(m, machine)
	if err != nil {
		return nil, err
	}
	p := &plane{fabric: n.fabric, node: n.name, log: n.log, dir: m.Dir, spec: spec, applied: make(chan struct{}), secrets: 1, renewed: make(chan struct{})}
	p.member, p.candidates = newMember(p, member), newCandidates(p)
	return p, nil
}

// planeSpec reads from the machine what its control plane is made of.
func planeSpec(m node.Machine, machine kubelet.Machine) (controlplane.Plane, etcd.Member, error) {
	ips := machine.NodeIPs()
	if len(ips) == 0 {
		return controlplane.Plane{}, etcd.Member{}, fmt.Errorf(
			"none of its addresses %v is in kubelet.nodeIP.validSubnets, or of the family of the pods", m.Addresses)
	}
	advertised, err := etcdAddress(m)
	if err != nil {
		return controlplane.Plane{}, etcd.Member{}, err
	}
	member := etcd.Member{Name: machine.Hostname, Address: advertised, Addresses: m.Addresses, Dir: m.Dir, Config: m.Config, Talos: m.TalosVersion}
	return controlplane.Plane{
		Config: m.Config, Node: machine.NodeName(), Hostname: m.Name, Address: ips[0], Addresses: m.Addresses, Dir: m.Dir,
		EtcdURL: member.ClientURL(),
	}, member, nil
}

// etcdAddress is the first of the node's addresses inside cluster.etcd.advertisedSubnets, or of all.
func etcdAddress(m node.Machine) (netip.Addr, error) {
	subnets := m.Config.Cluster().Etcd().AdvertisedSubnets()
	if len(subnets) == 0 {
		subnets = []string{"0.0.0.0/0", "::/0"}
	}
	matching, err := net.FilterIPs(m.Addresses, subnets)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("cluster.etcd.advertisedSubnets: %w", err)
	}
	if len(matching) == 0 {
		return netip.Addr{}, fmt.Errorf("cluster.etcd.advertisedSubnets: none of the node's addresses %v is in %v", m.Addresses, subnets)
	}
	return matching[0], nil
}

func (p *plane) current() controlplane.Plane {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spec
}

// run keeps the control plane alive until the context ends; orderly is closed when there is time to end in order.
func (p *plane) run(ctx context.Context, orderly <-chan struct{}) {
	var parts sync.WaitGroup
	etcdCtx, stopEtcd := context.WithCancel(context.Background())
	parts.Go(func() { p.member.run(etcdCtx, orderly) })
	if p.member.waitHealthy(ctx) {
		if err := p.startComponents(ctx); err != nil {
			p.log.Error("control plane", "error", err)
		}
		parts.Go(func() {
			p.applyManifests(ctx)
			p.giveTalosAccess(ctx)
		})
	}
	<-ctx.Done()
	p.candidates.close(isClosed(orderly)) // first, so that the next holder has the address while this API server still answers
	p.stopComponents(isClosed(orderly))
	stopEtcd() // last, so that the others do not fail while they end
	parts.Wait()
}

// startComponents starts the API server, and the others once it is ready. A real kubelet starts all at once, and those
// that need the API die until it is there.
func (p *plane) startComponents(ctx context.Context) error {
	spec := p.current()
	if err := spec.WriteSecrets(); err != nil {
		return err
	}
	if err := p.startComponentsWhere(func(name string) bool { return name == controlplane.APIServerName }); err != nil {
		return err
	}
	if !p.waitServing(ctx) {
		return nil
	}
	return p.startComponentsWhere(func(name string) bool { return name != controlplane.APIServerName })
}

func (p *plane) startComponentsWhere(wanted func(name string) bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	specs, err := p.spec.Components()
	if err != nil {
		return err
	}
	for _, spec := range specs {
		running := slices.ContainsFunc(p.components, func(c *component) bool { return c.spec.Name == spec.Name })
		if running || !wanted(spec.Name) {
			continue
		}
		c, err := p.startComponent(spec)
		if err != nil {
			return err
		}
		p.components = append(p.components, c)
	}
	return nil
}

// update restarts the components that a new config changes, as Talos replaces static pods.
func (p *plane) update(m node.Machine, machine kubelet.Machine) error {
	spec, _, err := planeSpec(m, machine)
	if err != nil {
		return err
	}
	wanted, err := spec.Components()
	if err != nil {
		return err
	}
	p.updating.Lock()
	defer p.updating.Unlock()
	kubeletRestarts := !sameKubelet(p.current().Config, spec.Config)
	secretsChanged, obsolete := p.takeOver(spec, wanted)
	if secretsChanged {
		// What is simulated gets other credentials before anybody refuses its former ones.
		p.fabric.changed()
		if err := spec.WriteSecrets(); err != nil {
			return err
		}
	}
	// Talos gives the virtual IP up when it does not see the API server's static pod any more: while that is replaced, or the
	// kubelet restarts.
	if kubeletRestarts || slices.ContainsFunc(obsolete, func(c *component) bool { return c.spec.Name == controlplane.APIServerName }) {
		p.candidates.resign()
	}
	for _, c := range obsolete {
		c.stop(true)
	}
	if len(obsolete) == 0 {
		return nil // nothing changed, or etcd is not up yet and they will start with the new config
	}
	return p.startComponentsWhere(func(string) bool { return true })
}

// sameKubelet says that a kubelet need not restart for the other config.
func sameKubelet(a, b config.Provider) bool {
	of := func(cfg config.Provider) (parts []any) {
		if main := cfg.RawV1Alpha1(); main != nil && main.MachineConfig != nil {
			parts = append(parts, main.MachineConfig.MachineKubelet)
		}
		for _, document := range cfg.Documents() {
			if kubelet, ok := document.(*k8s.KubeletConfigV1Alpha1); ok {
				parts = append(parts, kubelet)
			}
		}
		return parts
	}
	return reflect.DeepEqual(of(a), of(b))
}

// takeOver makes the spec the plane's, and takes those components out of it that have to be replaced.
func (p *plane) takeOver(spec controlplane.Plane, wanted []controlplane.Component) (secretsChanged bool, obsolete []*component) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := !p.spec.SameSecrets(spec)
	secretsChanged = len(p.components) > 0 && changed
	p.spec = spec
	if changed {
		p.secrets++
		close(p.renewed)
		p.renewed = make(chan struct{})
	}
	var kept []*component
	for _, c := range p.components {
		same := slices.ContainsFunc(wanted, func(w controlplane.Component) bool { return w.Name == c.spec.Name && c.spec.Equal(w) })
		if same && !secretsChanged {
			kept = append(kept, c)
		} else {
			obsolete = append(obsolete, c)
		}
	}
	p.components = kept
	return secretsChanged, obsolete
}

// untilRenewed is a context that ends with the plane's secrets.
func (p *plane) untilRenewed(ctx context.Context) (context.Context, context.CancelFunc) {
	p.mu.Lock()
	renewed := p.renewed
	p.mu.Unlock()
	ctx, end := context.WithCancel(ctx)
	go func() {
		select {
		case <-renewed:
			end()
		case <-ctx.Done():
		}
	}()
	return ctx, end
}

func (p *plane) stopComponents(orderly bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ending sync.WaitGroup
	for _, c := range p.components {
		ending.Go(func() { c.stop(orderly) })
	}
	ending.Wait()
	p.components = nil
}

// waitServing returns true once the API server is ready, false when the context ends before.
func (p *plane) waitServing(ctx context.Context) bool {
	for ctx.Err() == nil && !p.serving() {
		sleep(ctx, probePeriod/5)
	}
	return ctx.Err() == nil
}

// serving says that the node's API server is ready.
func (p *plane) serving() bool {
	c := p.component(controlplane.APIServerName)
	return c != nil && c.ready()
}

func (p *plane) component(name string) *component {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.components {
		if c.spec.Name == name {
			return c
		}
	}
	return nil
}

func (p *plane) all() []*component {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.components)
}

// staticPods is what the kubelet mirrors.
func (p *plane) staticPods() []kubelet.StaticPod {
	var pods []kubelet.StaticPod
	for _, c := range p.all() {
		pods = append(pods, kubelet.StaticPod{
			Name: c.spec.Name, Image: c.spec.Image, Command: append([]string{"/usr/local/bin/" + c.spec.Name}, c.spec.Args...),
			Ready: c.ready(), StartedAt: c.process.StartedAt(), Restarts: c.process.Restarts(), Secrets: c.secrets,
		})
	}
	return pods
}

// applyManifests creates what every Talos cluster starts with, through the node's own API server.
func (p *plane) applyManifests(ctx context.Context) {
	for ; ctx.Err() == nil; sleep(ctx, manifestsPause) {
		if !p.serving() {
			continue
		}
		err := p.applyManifestsOnce(ctx)
		if err == nil {
			p.log.Info("bootstrap manifests applied")
			if !isClosed(p.applied) {
				close(p.applied)
			}
			return
		}
		if ctx.Err() == nil {
			p.log.Warn("bootstrap manifests", "error", err)
		}
	}
}

func (p *plane) applyManifestsOnce(ctx context.Context) error {
	spec := p.current()
	objects, err := manifests.Bootstrap(spec.Config)
	if err != nil {
		return err
	}
	config, err := talosConfig(spec)
	if err != nil {
		return err
	}
	// One control plane at a time, which Talos makes sure of with a lock in etcd.
	p.fabric.applying.Lock()
	defer p.fabric.applying.Unlock()
	return manifests.Apply(ctx, config, objects)
}

func (p *plane) logFile(name string) string { return filepath.Join(p.dir, "log", name+".log") }

func isClosed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}

func sleep(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
