package roll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/home-ops/home-ops/spec"
)

// Options are what a roll works with.
type Options struct {
	// Nodes are all nodes of the stack.
	Nodes []Node
	// Machine is the Talos API of a node.
	Machine func(Node) (Machine, error)
	// Cluster is the Kubernetes API.
	Cluster func(context.Context) (Cluster, error)
	// Tell shows progress.
	Tell Tell
	// First are the nodes that have their turn before the others of their kind.
	First []string
	// Limits are how long waits may last. Default: [DefaultLimits].
	Limits Limits
	// Seeker finds machines that are not at their nodes' addresses. Default: none is looked for.
	Seeker Seeker
}

// OptionsOf are what a stack says of its rolls: its nodes, which of them go first, and how long their pods may take to
// leave. How machines and cluster are reached is left to the caller.
func OptionsOf(stack *spec.Stack) Options {
	options := Options{First: stack.Cluster.Roll.Order, Limits: DefaultLimits()}
	options.Limits.Drain = stack.Cluster.Roll.DrainTimeout.Of()
	for _, node := range stack.Nodes {
		options.Nodes = append(options.Nodes, NodeOf(stack, node))
	}
	return options
}

// Roll changes nodes one after the other. Callers come in any order and at the same
// time, each with a node ([Roll.Change]); the roll waits until it has heard of every
// node, and then chooses the order itself.
type Roll struct {
	all     []Node
	open    func(Node) (Machine, error)
	connect func(context.Context) (Cluster, error)
	tell    Tell
	limits  Limits
	first   []string
	seeker  Seeker

	mu sync.Mutex
	// waiting are the nodes that are to be changed, in the order of their arrival.
	waiting []*change
	// settled are those that stay as they are, or are new, or have had their turn.
	settled map[string]bool
	// added are the new ones among them.
	added map[string]bool
	// leaving are the nodes that have left the stack, and perhaps not yet the cluster.
	leaving []string
	// heard is closed, and made anew, whenever a node arrives or settles.
	heard   chan struct{}
	running bool
	// failed is why nothing is touched any more.
	failed error

	machinesMu sync.Mutex
	machines   map[string]Machine
}

// change is one node's turn.
type change struct {
	node Node
	done chan error
}

// New prepares a roll; nothing happens until the first Change.
func New(options Options) *Roll {
	if options.Limits == (Limits{}) {
		options.Limits = DefaultLimits()
	}
	return &Roll{
		all: options.Nodes, open: options.Machine, connect: options.Cluster, tell: options.Tell, limits: options.Limits, first: options.First,
		seeker:  options.Seeker,
		settled: map[string]bool{}, added: map[string]bool{}, heard: make(chan struct{}), machines: map[string]Machine{},
	}
}

// Settle says that a node stays as it is: the roll does not wait for it.
func (r *Roll) Settle(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled[name] = true
	r.news()
}

// news needs the lock.
func (r *Roll) news() {
	close(r.heard)
	r.heard = make(chan struct{})
}

// Change makes a node what it should be, when its turn comes. It returns nil when the
// node runs what it should and the cluster has it back, and is to be called again, by
// another run of the program, after an error: what was done is found done.
func (r *Roll) Change(ctx context.Context, node Node) error {
	c := &change{node: node, done: make(chan error, 1)}
	r.mu.Lock()
	if r.failed != nil {
		defer r.mu.Unlock()
		return leftAlone(node, r.failed)
	}
	r.waiting = append(r.waiting, c)
	if !r.running {
		r.running = true
		go r.run(ctx)
	}
	r.news()
	r.mu.Unlock()
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func leftAlone(node Node, because error) error {
	return fmt.Errorf("%s was left as it is, because the roll stopped; the next `pulumi up` goes on: %w", node.Name, because)
}

// run gives turns until nobody waits.
func (r *Roll) run(ctx context.Context) {
	r.gather(ctx)
	for {
		batch := r.batch()
		if batch == nil {
			return
		}
		if err := r.rollBatch(ctx, batch); err != nil {
			r.stop(err)
			return
		}
	}
}

// gather waits until every node has arrived or settled. Where the engine runs few
// operations at the same time the others cannot arrive; then it goes on with those
// that have.
func (r *Roll) gather(ctx context.Context) {
	for {
		r.mu.Lock()
		heard, complete := r.heard, true
		for _, n := range r.all {
			arrived := slices.ContainsFunc(r.waiting, func(c *change) bool { return c.node.Name == n.Name })
			complete = complete && (arrived || r.settled[n.Name])
		}
		r.mu.Unlock()
		if complete {
			return
		}
		select {
		case <-heard:
		case <-time.After(r.limits.Gather):
			return
		case <-ctx.Done():
			return
		}
	}
}

// batch takes all that wait; nil when nobody does, and then the roll is over.
func (r *Roll) batch() []*change {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		r.running = false
		return nil
	}
	batch := r.waiting
	r.waiting = nil
	return batch
}

// finish ends a node's turn.
func (r *Roll) finish(c *change, err error) {
	r.mu.Lock()
	r.settled[c.node.Name] = true
	r.news()
	r.mu.Unlock()
	c.done <- err
}

// stop tells everybody who waits, or comes later, that nothing is touched any more.
func (r *Roll) stop(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed, r.running = err, false
	for _, c := range r.waiting {
		c.done <- leftAlone(c.node, err)
	}
	r.waiting = nil
}

// machine is a node's Talos API, opened once.
func (r *Roll) machine(node Node) (Machine, error) {
	r.machinesMu.Lock()
	defer r.machinesMu.Unlock()
	if m, ok := r.machines[node.Name]; ok {
		return m, nil
	}
	m, err := r.open(node)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", node.Name, err)
	}
	r.machines[node.Name] = m
	return m, nil
}

// rollBatch changes the nodes of a batch in their order. The first that fails stops
// it; its own caller hears why, the others that they were left alone.
func (r *Roll) rollBatch(ctx context.Context, batch []*change) (failed error) {
	fail := func(at string, err error) error {
		for _, c := range batch {
			switch {
			case c.node.Name == at || at == "":
				c.done <- err
			default:
				c.done <- leftAlone(c.node, err)
			}
		}
		return err
	}
	plan, err := r.plan(ctx, batch)
	if err != nil {
		return fail("", err)
	}
	r.tell(plan.String())
	if err := r.prefetch(ctx, plan); err != nil {
		return fail("", err)
	}
	for _, turn := range plan.turns {
		if err := r.turn(ctx, turn); err != nil {
			return fail(turn.node.Name, err)
		}
		if turn.partly {
			continue
		}
		i := slices.IndexFunc(batch, func(c *change) bool { return c.node.Name == turn.node.Name })
		r.finish(batch[i], nil)
		batch = slices.Delete(batch, i, i+1)
	}
	return nil
}

// plan is what a batch comes to.
type plan struct{ turns []turn }

// turn is one node's part of a plan.
type turn struct {
	node   Node
	action Action
	// kubelet is the release of its kubelet so far.
	kubelet string
	// partly is the first half of a new Kubernetes: the control plane is changed, and
	// the kubelet stays. Its config holds the old one.
	partly bool
	// exchange is set where an authority of Kubernetes is exchanged.
	exchange *exchange
}

func (p plan) String() string {
	var lines []string
	for i, t := range p.turns {
		what := t.action.String()
		if t.partly {
			what = "runs the control plane of Kubernetes " + string(t.node.Kubernetes)
		}
		lines = append(lines, fmt.Sprintf("%d. %s %s", i+1, t.node.Name, what))
	}
	return "roll, one node at a time: " + strings.Join(lines, ", ")
}

func turnOf(action Action) int {
	if action == Configure {
		return 0
	}
	return 1
}

// plan looks at every node of the batch, and decides.
func (r *Roll) plan(ctx context.Context, batch []*change) (plan, error) {
	// configured are those that have a config already, and bare the others.
	var nodes, configured, bare []Node
	var errs []error
	actions := map[string]Action{}
	olds := map[string]string{}
	newRelease := false
	for _, c := range batch {
		nodes = append(nodes, c.node)
		seen, err := r.look(ctx, c.node)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if seen.action == Configure {
			bare = append(bare, c.node)
		} else {
			configured = append(configured, c.node)
		}
		actions[c.node.Name] = seen.action
		olds[c.node.Name] = seen.kubelet
		newRelease = newRelease || seen.action == Upgrade && seen.running.Talos != c.node.Talos || seen.newKubernetes(c.node)
	}
	if err := errors.Join(errs...); err != nil {
		return plan{}, fmt.Errorf("nothing was touched:\n%w", err)
	}
	rotates, err := r.rotation(ctx, configured, bare)
	if planesFirst := newRelease || rotates.planesFirst; err == nil && planesFirst && rotates.workersFirst {
		err = errors.New("an authority of Kubernetes is dropped by the workers first, and another release, or another authority that issues, " +
			"goes to the control planes first: set " + kubernetesCA.key + " back, run `pulumi up` to its end, and then drop it")
	}
	if err != nil {
		return plan{}, fmt.Errorf("nothing was touched:\n%w", err)
	}
	ordered := Order(nodes, newRelease || rotates.planesFirst, r.etcd(ctx).leader(), r.first)
	// Those that have nothing are away already, and the others wait for them.
	slices.SortStableFunc(ordered, func(a, b Node) int {
		return cmp.Compare(turnOf(actions[a.Name]), turnOf(actions[b.Name]))
	})
	var p plan
	for _, node := range ordered {
		if old := olds[node.Name]; node.ControlPlane && newMinor(old, node.Kubernetes) {
			half := node
			var err error
			if half.Config, err = withKubelet(node.Config, old); err != nil {
				return plan{}, fmt.Errorf("%s: %w", node.Name, err)
			}
			p.turns = append(p.turns, turn{node: half, action: Apply, kubelet: old, partly: true})
		}
	}
	for i, node := range ordered {
		p.turns = append(p.turns, turn{node: node, action: actions[node.Name], kubelet: olds[node.Name], exchange: rotates.of(node, ordered[i+1:])})
	}
	return p, nil
}
