package kubelet

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// retryPause is the wait before something that the API refused, or was not there for, is tried again.
const retryPause = time.Second

// Options are what a kubelet needs beside its machine.
type Options struct {
	// Server is the URL of the API as the node reaches it.
	Server string
	// TalosConfig is the identity that Talos sets labels and taints with on a control plane. Nil, as on a worker,
	// is the kubelet's own, which NodeRestriction keeps from most labels of kubernetes.io.
	// It is asked for at each start of the kubelet.
	TalosConfig func() (*rest.Config, error)
	// CNISelector picks the pod that brings the node's network up.
	CNISelector labels.Selector
	// StaticPods tells what runs beside the kubelet; nil on a worker.
	StaticPods func() []StaticPod
	Log        *slog.Logger
}

// Kubelet is the simulated kubelet of one node, for one boot.
type Kubelet struct {
	name     string
	server   string
	talos    func() (*rest.Config, error)
	selector labels.Selector
	static   func() []StaticPod
	log      *slog.Logger

	started   time.Time
	sandboxes *sandboxes
	network   *network
	// poke asks for a status report now.
	poke chan struct{}

	mu      sync.Mutex
	machine Machine
	state   State
	// end ends the kubelet's process, to which the next one follows; nil while there is none.
	end context.CancelFunc
}

// startPause is how long a restart takes at least; on a real machine its parts take some seconds.
const startPause = 2 * time.Second

// State is how far the kubelet has come.
type State struct {
	// Registered says that the node is in the API.
	Registered bool
	// Starting says that the kubelet has ended to start anew.
	Starting bool
	// Problem is what stands in the way at present, empty when nothing does.
	Problem string
}

// New makes a kubelet that is not running yet.
func New(machine Machine, options Options) *Kubelet {
	if machine.Capacity == nil {
		machine.Capacity = DefaultCapacity()
	}
	return &Kubelet{
		name: machine.NodeName(), server: options.Server, talos: options.TalosConfig, selector: options.CNISelector,
		static: options.StaticPods, log: options.Log.With("component", "kubelet"),
		started: time.Now(), sandboxes: newSandboxes(), network: newNetwork(machine.cniDir()), poke: make(chan struct{}, 1), machine: machine,
	}
}

// Run registers the node and serves it until the context ends. What fails is tried again: a kubelet outlives its API server.
// With other authorities it starts anew, as Talos has it; its pods' sandboxes stay.
func (k *Kubelet) Run(ctx context.Context) {
	for ctx.Err() == nil {
		process, end := context.WithCancel(ctx)
		k.begins(end)
		k.serve(process)
		end()
		k.starts()
		pause(ctx, startPause)
	}
}

func (k *Kubelet) begins(end context.CancelFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.end, k.state.Starting = end, false
}

func (k *Kubelet) starts() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.end, k.state.Starting = nil, true
}

// serve is the life of one process.
func (k *Kubelet) serve(ctx context.Context) {
	var config *rest.Config
	k.insist(ctx, "identity", func() (err error) {
		config, err = k.nodeConfig(ctx)
		return err
	})
	if ctx.Err() != nil {
		return
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		k.report("client", err)
		return
	}
	k.insist(ctx, "registration", func() error { return k.register(ctx, client) })
	if ctx.Err() != nil {
		return
	}
	k.mu.Lock()
	k.state.Registered = true
	k.mu.Unlock()
	k.log.Info("node registered", "name", k.name)

	var parts sync.WaitGroup
	for _, part := range []func(context.Context, kubernetes.Interface){k.heartbeat, k.applyTalosConfig, k.runPods} {
		parts.Go(func() { part(ctx, client) })
	}
	parts.Wait()
}

// Update takes over a config that was applied without a reboot.
func (k *Kubelet) Update(machine Machine) {
	k.mu.Lock()
	if machine.Capacity == nil {
		machine.Capacity = k.machine.Capacity
	}
	was, is := k.machine.Config.K8sAPIServerCAConfig().AcceptedCAs(), machine.Config.K8sAPIServerCAConfig().AcceptedCAs()
	k.machine = machine
	if !reflect.DeepEqual(was, is) && k.end != nil {
		k.end()
	}
	k.mu.Unlock()
	k.reportSoon()
}

// State is how far the kubelet has come.
func (k *Kubelet) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state
}

func (k *Kubelet) current() Machine {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.machine
}

func (k *Kubelet) reportSoon() {
	select {
	case k.poke <- struct{}{}:
	default:
	}
}

// insist tries until it succeeds or the context ends.
func (k *Kubelet) insist(ctx context.Context, what string, try func() error) {
	for {
		err := try()
		k.report(what, err)
		if err == nil {
			return
		}
		if !pause(ctx, retryPause) {
			return
		}
	}
}

// report remembers what stands in the way, and logs it when it is new.
func (k *Kubelet) report(what string, err error) {
	problem := ""
	if err != nil && !errors.Is(err, context.Canceled) {
		problem = what + ": " + err.Error()
	}
	k.mu.Lock()
	isNew := problem != k.state.Problem
	k.state.Problem = problem
	k.mu.Unlock()
	if isNew && problem != "" {
		k.log.Warn("in the way", "problem", problem)
	}
}

// complaint logs a problem when it is new, and not each time it is met again.
type complaint struct {
	what string
	last string
}

func (c *complaint) say(ctx context.Context, log *slog.Logger, err error) {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if problem != "" && problem != c.last && ctx.Err() == nil {
		log.Warn(c.what, "problem", problem)
	}
	c.last = problem
}

// pause waits, and reports false when the context ended meanwhile.
func pause(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
