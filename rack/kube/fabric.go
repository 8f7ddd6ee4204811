// Package kube is the Kubernetes side of the simulated nodes. Out of the machine configs that were applied to them it
// runs a real cluster: an etcd member, an API server, a controller manager and a scheduler for each control plane, each
// a process on its node's own address; a virtual IP that moves between them; and a simulated kubelet for each node,
// whose pods KWOK plays.
package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/home-ops/home-ops/rack/kube/forward"
)

const (
	// watchPeriod is how often the fabric looks which API servers live.
	watchPeriod = 500 * time.Millisecond
	// balancerAddress is where every node reaches the API, whichever control plane lives: KubePrism's default
	// (https://docs.siderolabs.com/kubernetes-guides/advanced-guides/kubeprism). One stands for the one of each node.
	balancerAddress = "127.0.0.1:7445"
)

// Options describe what the nodes are plugged into.
type Options struct {
	// Binary is rack-kube.
	Binary string
	// ControlPlane is the program of API servers, controller managers and schedulers for the tag of their image, and Etcd
	// that of etcd for the release of Talos. Default: Binary.
	ControlPlane, Etcd func(version string) string
	// Dir holds the logs and files of what belongs to no single node. It is created when missing.
	Dir string
	// CNISelector picks the pods of the CNI's agent, by labels; a node is ready once one of them runs on it.
	// Default: k8s-app=cilium.
	CNISelector string
	// Capacity is what each node has, by its rack name; nil, or nothing for a node, is 4 cores and 16 GiB.
	Capacity func(node string) corev1.ResourceList
	// Operators play what the software in the cluster's pods would do. It is called for each new cluster, with full
	// rights over it, and runs until its context ends. Default: nobody does.
	Operators func(ctx context.Context, config *rest.Config) error
	// Log receives what happens. Default: discarded.
	Log *slog.Logger
}

// Fabric is the network between the nodes of one cluster: through it control planes find each other, and the API is found.
type Fabric struct {
	opts     Options
	selector labels.Selector
	log      *slog.Logger
	cancel   context.CancelFunc
	watching sync.WaitGroup
	balancer *forward.Forwarder
	// others are the further addresses of control planes; only watch looks at them.
	others map[string]*forward.Forwarder
	// clusters counts the bootstraps of etcd. After a reset it is another cluster, though it may have all of the former one's
	// keys.
	clusters  atomic.Int64
	kwok      kwok
	operators operators
	poke      chan struct{}
	// applying is held while a control plane applies the bootstrap manifests.
	applying sync.Mutex
	// access has room for the one control plane that gives out talosconfigs.
	access chan struct{}

	mu      sync.Mutex
	nodes   map[string]*Node
	virtual map[string]*virtualIP
}

// NewFabric checks the options and starts the fabric, without any node yet.
func NewFabric(opts Options) (*Fabric, error) {
	var errs []error
	if info, err := os.Stat(opts.Binary); err != nil || info.IsDir() {
		errs = append(errs, fmt.Errorf("binary: %q is not there; build ./cmd/rack-kube", opts.Binary))
	}
	if opts.Dir == "" {
		errs = append(errs, errors.New("dir must be set"))
	}
	if opts.CNISelector == "" {
		opts.CNISelector = "k8s-app=cilium"
	}
	selector, err := labels.Parse(opts.CNISelector)
	if err != nil {
		errs = append(errs, fmt.Errorf("cniSelector: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", err)
	}
	if opts.Binary, err = filepath.Abs(opts.Binary); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", err)
	}
	for _, program := range []*func(string) string{&opts.ControlPlane, &opts.Etcd} {
		if *program == nil {
			*program = func(string) string { return opts.Binary }
		}
	}
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return nil, fmt.Errorf("kubernetes: %w", err)
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	// Kubernetes's client libraries log through klog, which is one for the whole program and would write to its console.
	klog.SetSlogLogger(opts.Log.With("component", "client-go"))
	ctx, cancel := context.WithCancel(context.Background())
	f := &Fabric{
		opts: opts, selector: selector, log: opts.Log, cancel: cancel,
		balancer: forward.New(balancerAddress, opts.Log), poke: make(chan struct{}, 1), access: make(chan struct{}, 1),
		operators: operators{run: opts.Operators},
		nodes:     map[string]*Node{}, others: map[string]*forward.Forwarder{}, virtual: map[string]*virtualIP{},
	}
	f.watching.Go(func() { f.watch(ctx) })
	return f, nil
}

// Node is the Kubernetes of the node with this name in the rack; the same one for the same name.
func (f *Fabric) Node(name string) *Node {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.nodes[name] == nil {
		f.nodes[name] = &Node{fabric: f, name: name, log: f.log.With("node", name)}
	}
	return f.nodes[name]
}

// Close ends every process and connection of the fabric and its nodes. What the nodes keep on disk stays.
func (f *Fabric) Close() {
	f.cancel()
	f.watching.Wait()
	var ending sync.WaitGroup
	for _, n := range f.list() {
		ending.Go(n.powerCut)
	}
	ending.Wait()
	f.operators.stop()
	f.kwok.stop()
	f.balancer.Close()
	for _, v := range f.virtual {
		v.forwarder.Close()
	}
	for _, forwarder := range f.others {
		forwarder.Close()
	}
}

// list is every node that was asked for, in the order of their names.
func (f *Fabric) list() []*Node {
	f.mu.Lock()
	defer f.mu.Unlock()
	nodes := make([]*Node, 0, len(f.nodes))
	for _, name := range slices.Sorted(maps.Keys(f.nodes)) {
		nodes = append(nodes, f.nodes[name])
	}
	return nodes
}

// planes are the control planes that run, in the order of their names.
func (f *Fabric) planes() []*plane {
	var planes []*plane
	for _, n := range f.list() {
		if b := n.booted(); b != nil && b.plane != nil {
			planes = append(planes, b.plane)
		}
	}
	return planes
}

// changed makes the fabric look at once.
func (f *Fabric) changed() {
	select {
	case f.poke <- struct{}{}:
	default:
	}
}

// watch keeps the balancer on API servers that live, candidates for the virtual IPs, and KWOK running once there is one.
func (f *Fabric) watch(ctx context.Context) {
	for {
		var serving []*plane
		var hosts []string
		planes := f.planes()
		for _, p := range planes {
			if p.serving() {
				serving, hosts = append(serving, p), append(hosts, p.current().Host())
			}
		}
		f.balancer.SetTargets(hosts...)
		f.standForVirtualIPs(planes)
		f.forwardOtherAddresses(planes)
		if len(serving) > 0 {
			f.kwok.ensure(f, serving[0])
			f.operators.ensure(f, serving[0])
		}
		select {
		case <-ctx.Done():
			return
		case <-f.poke:
		case <-time.After(watchPeriod):
		}
	}
}
