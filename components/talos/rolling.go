package talos

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
)

// Changer changes machines that belong to a running cluster, each when its turn comes.
type Changer interface {
	// Change returns once the machine runs what it should and the cluster has it back.
	Change(ctx context.Context, node roll.Node) error
	// Check looks at a machine that is not to be changed, before it is settled.
	Check(ctx context.Context, node roll.Node) error
	// Settle says that a machine stays as it is.
	Settle(name string)
	// Add returns once a new machine is at its node's address; Announce says in a preview that it is not.
	Add(ctx context.Context, node roll.Node) error
	Announce(node roll.Node)
	// Remove takes nodes out of the cluster, before anything is changed.
	Remove(ctx context.Context, nodes []roll.Node) error
}

// rolling lets machines of a running cluster change one at a time. The engine updates
// the resources that hold their configs all at once, but each of them calls a hook in
// this program first, and the hook changes the machine and returns when the next one
// may be touched. The provider then sends a config that the machine has already. An
// error of the hook leaves the resource as it was, so that the next update calls the
// hook again; so does an update that was killed.
type rolling struct {
	stack   *spec.Stack
	changer Changer
	reach   Reach
	hooks   *pulumi.ResourceHookBinding
	// access is set by the first hook: before that nobody knows the credentials.
	access *access
	// departed is closed once those that left the stack have left the cluster, or cannot: departedErr says why.
	departed    chan struct{}
	departedErr error
	// touched are the nodes for which a hook was called.
	touched sync.Map
}

// options are what the stack says of its rolls, with the ways to its machines and its cluster.
func (r *rolling) options(tell roll.Tell) roll.Options {
	options := roll.OptionsOf(r.stack)
	options.Machine, options.Tell = r.access.machine, tell
	options.Cluster = func(ctx context.Context) (roll.Cluster, error) { return r.access.cluster(ctx, r.stack) }
	return options
}

func (b *builder) rolling() (*rolling, error) {
	r := &rolling{stack: b.args.Stack, changer: b.args.Changer, reach: b.args.Reach, access: &access{}, departed: make(chan struct{})}
	if r.changer == nil {
		options := r.options(func(line string) { _ = b.ctx.Log.Info(line, nil) })
		options.Seeker = seeker{discover.NewFinder(b.args.Stack, b.args.At, nil)}
		r.changer = roll.New(options)
	}
	change, err := b.ctx.RegisterResourceHook(b.name+"-roll", func(args *pulumi.ResourceHookArgs) error {
		return r.change(b.ctx.Context(), args)
	}, nil)
	if err != nil {
		return nil, err
	}
	added, err := b.ctx.RegisterResourceHook(b.name+"-added", func(args *pulumi.ResourceHookArgs) error {
		if b.ctx.DryRun() {
			return r.announce(b.ctx.Context(), args)
		}
		return r.add(b.ctx.Context(), args)
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, err
	}
	r.hooks = &pulumi.ResourceHookBinding{
		BeforeCreate: []*pulumi.ResourceHook{added},
		BeforeUpdate: []*pulumi.ResourceHook{change},
	}
	return r, nil
}

// removes has nodes that left the stack leave the cluster. The engine deletes their resources, and with
// resetOnDestroy wipes the machines, at the very end, and not at all when this fails.
func (r *rolling) removes(ctx *pulumi.Context, nodes []roll.Node, client machine.ClientConfigurationOutput) pulumi.Output {
	if ctx.DryRun() || len(nodes) == 0 {
		close(r.departed)
		return pulumi.Bool(true).ToBoolOutput()
	}
	return client.ApplyT(func(client machine.ClientConfiguration) (bool, error) {
		defer close(r.departed)
		creds, err := credentialsIn(client)
		if err == nil {
			r.access.set(creds)
			err = r.changer.Remove(ctx.Context(), nodes)
		}
		r.departedErr = err
		return true, err
	})
}

// settles tells the roll when the engine has done with a node, which for one that does
// not change is at once; such a machine is looked at first. The output is known then.
func (r *rolling) settles(ctx *pulumi.Context, node spec.Node, apply *machine.ConfigurationApply, client machine.ClientConfigurationOutput) pulumi.Output {
	if ctx.DryRun() {
		return apply.ID()
	}
	return pulumi.All(apply.ID(), apply.MachineConfigurationInput, client).ApplyT(func(known []any) (bool, error) {
		defer r.changer.Settle(node.Name)
		if _, touched := r.touched.Load(node.Name); touched {
			return true, nil
		}
		creds, err := credentialsIn(known[2].(machine.ClientConfiguration))
		if err != nil {
			return false, err
		}
		r.access.set(creds)
		current := roll.NodeOf(r.stack, node)
		current.Config = []byte(known[1].(string))
		return true, r.changer.Check(ctx.Context(), current)
	})
}

// nodeOf is the node whose config a resource holds.
func (r *rolling) nodeOf(args *pulumi.ResourceHookArgs) (spec.Node, error) {
	address := known(args.NewInputs["node"])
	for _, node := range r.stack.Nodes {
		if address.IsString() && address.StringValue() == node.Address.String() {
			return node, nil
		}
	}
	return spec.Node{}, fmt.Errorf("%s: no node of the stack has the address %v", args.Name, address)
}

// wanted is the node whose config a resource holds, with that config. The way to its machine is open then.
func (r *rolling) wanted(args *pulumi.ResourceHookArgs) (roll.Node, error) {
	node, err := r.nodeOf(args)
	if err != nil {
		return roll.Node{}, err
	}
	r.touched.Store(node.Name, true)
	creds, err := credentialsOf(args.NewInputs["clientConfiguration"])
	if err != nil {
		return roll.Node{}, err
	}
	config := known(args.NewInputs["machineConfigurationInput"])
	if !config.IsString() {
		return roll.Node{}, fmt.Errorf("node %s: its config is %s, not a string", node.Name, config.TypeString())
	}
	r.access.set(creds)
	wanted := roll.NodeOf(r.stack, node)
	wanted.Config = []byte(config.StringValue())
	return wanted, nil
}

func (r *rolling) change(ctx context.Context, args *pulumi.ResourceHookArgs) error {
	wanted, err := r.wanted(args)
	if err != nil {
		return err
	}
	select {
	case <-r.departed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if r.departedErr != nil {
		return fmt.Errorf("%s was left as it is: %w", wanted.Name, r.departedErr)
	}
	return r.changer.Change(ctx, wanted)
}

// access is the way to the machines and the cluster.
type access struct {
	mu          sync.Mutex
	credentials Credentials
	kubernetes  *roll.KubeAPI
}

func (a *access) set(creds Credentials) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.credentials = creds
}

func (a *access) machine(node roll.Node) (roll.Machine, error) {
	api, err := a.talos(node)
	return api, err
}

func (a *access) talos(node roll.Node) (roll.TalosAPI, error) {
	a.mu.Lock()
	creds := a.credentials
	a.mu.Unlock()
	return OpenMachine(spec.Node{Name: node.Name, Address: node.Address}, creds)
}

// OpenMachine prepares connections to a machine at its own address: as an administrator, and as a stranger, which is how
// one in maintenance mode is asked. Nothing is sent yet.
func OpenMachine(node spec.Node, creds Credentials) (roll.TalosAPI, error) {
	m, err := dial(node, creds)
	if err != nil {
		return roll.TalosAPI{}, err
	}
	// A machine in maintenance mode has no certificate that could be checked, and is sent
	// nothing here.
	anonymous := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // see above
	address := net.JoinHostPort(node.Address.String(), strconv.Itoa(constants.ApidPort))
	stranger, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(anonymous), grpc.WithConnectParams(redial()), grpc.WithNoProxy())
	if err != nil {
		return roll.TalosAPI{}, err
	}
	return roll.TalosAPI{Secure: m.connection, Stranger: stranger}, nil
}

// cluster is the Kubernetes API, with a kubeconfig from the first control plane that
// hands one out. While the VIP moves, that of a machine which has not changed yet leads
// to the former one: when nobody holds that any more, another is asked for.
func (a *access) cluster(ctx context.Context, stack *spec.Stack) (roll.Cluster, error) {
	a.mu.Lock()
	held := a.kubernetes
	a.mu.Unlock()
	if held != nil && (held.Server == stack.ClusterEndpoint() || answers(ctx, held.API)) {
		return *held, nil
	}
	var errs []error
	for _, node := range stack.ControlPlanes() {
		kubeconfig, err := a.kubeconfig(ctx, roll.NodeOf(stack, node))
		if err != nil {
			errs = append(errs, fmt.Errorf("kubeconfig of %s: %w", node.Name, err))
			continue
		}
		api, err := kubeapi.Open(kubeconfig)
		if err != nil {
			return nil, fmt.Errorf("kubeconfig of %s: %w", node.Name, err)
		}
		if held != nil && held.Server == api.Server {
			continue
		}
		// A connection that is kept ends up with a machine that has gone down.
		api.Client.Transport.(*http.Transport).DisableKeepAlives = true
		held = &roll.KubeAPI{API: api}
		a.mu.Lock()
		a.kubernetes = held
		a.mu.Unlock()
		return *held, nil
	}
	if held != nil {
		return *held, nil
	}
	return nil, errors.Join(errs...)
}

// answersWithin is how long an API may take to say that it is there, before another way to it is looked for.
const answersWithin = 3 * time.Second

func answers(ctx context.Context, api kubeapi.API) bool {
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	return api.Get(ctx, "/readyz", nil) == nil
}

func (a *access) kubeconfig(ctx context.Context, node roll.Node) ([]byte, error) {
	api, err := a.talos(node)
	if err != nil {
		return nil, err
	}
	return api.Kubeconfig(ctx)
}
