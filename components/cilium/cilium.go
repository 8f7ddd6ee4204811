package cilium

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/frr"
	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Args describe the cluster's network.
type Args struct {
	// Stack is the validated stack file.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource
	// BGPPasswords are the passwords of the BGP sessions that have one.
	BGPPasswords map[spec.SecretRef]pulumi.StringInput
	// GatewayKinds gives the kinds of the Gateway API. Default: gatewayapi.Fetch,
	// which downloads the release.
	GatewayKinds gatewayapi.Source
}

// CiliumNetworking is a cluster in which pods reach each other and services have
// addresses. What comes after it waits on its outputs, never on the component.
type CiliumNetworking struct {
	pulumi.ResourceState

	// Release is Cilium itself. What depends on it finds nodes that are Ready.
	Release *component.Release
	// Ready is "deployed" once Cilium runs on every node.
	Ready pulumi.StringOutput
	// GatewayKinds are the kinds of the Gateway API. A Gateway depends on them and on
	// Release.
	GatewayKinds []pulumi.Resource
	// LoadBalancer is the pools and how they are announced. A Service that needs its
	// address at once depends on them.
	LoadBalancer []pulumi.Resource
	// Routers is the configuration of each router that the nodes peer with, for FRR,
	// by the router's name; passwords are left open. It is empty without BGP.
	Routers map[string]string
}

// NewCiliumNetworking installs Cilium and configures it for the stack's network. A
// stack of which the two ends of a BGP session could not agree touches nothing.
func NewCiliumNetworking(
	ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption,
) (*CiliumNetworking, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	steps, kinds, err := args.steps(ctx)
	if err != nil {
		return nil, err
	}
	c := &CiliumNetworking{}
	if c.Routers, err = routerConfigs(args.Stack); err != nil {
		return nil, err
	}
	b, err := component.Register(ctx, "CiliumNetworking", name, c, opts...)
	if err != nil {
		return nil, err
	}
	made, err := b.Apply(steps, component.Inputs{Provider: args.Provider, Values: args.values()})
	if err != nil {
		return nil, err
	}
	c.Release = made.Release(stepRelease)
	c.Ready = c.Release.Ready()
	c.GatewayKinds = made.Of(kinds.Names()...)
	if c.LoadBalancer, err = args.loadBalancer(made); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"ready":   c.Ready,
		"version": pulumi.String(string(args.Stack.Versions.Cilium)),
		"routers": pulumi.ToStringMap(c.Routers),
	})
}

func (a *Args) check() error {
	if a == nil || a.Stack == nil {
		return errors.New("cilium: Stack is missing")
	}
	var errs []error
	if a.Provider == nil {
		errs = append(errs, errors.New("cilium: Provider is missing: objects would go wherever the user's kubeconfig points"))
	}
	for _, ref := range PasswordRefs(a.Stack) {
		if a.BGPPasswords[ref] == nil {
			errs = append(errs, fmt.Errorf("cilium: no BGP password was given for %s", ref))
		}
	}
	return errors.Join(errs...)
}

// steps are the plan with the kinds of the Gateway API in it, and those kinds alone.
func (a *Args) steps(ctx *pulumi.Context) (steps, kinds plan.Steps, err error) {
	steps, err = Plan(a.Stack)
	if err != nil || !a.Stack.Cilium.GatewayAPI.Enabled {
		return steps, nil, err
	}
	source := a.GatewayKinds
	if source == nil {
		source = gatewayapi.Fetch
	}
	release, err := source(ctx.Context(), a.Stack.Versions.GatewayAPI, a.Stack.Cilium.GatewayAPI.Channel)
	if err != nil {
		return nil, nil, fmt.Errorf("cilium: %w", err)
	}
	kinds = kindSteps(release)
	steps, err = steps.Expand(stepGatewayAPI, kinds)
	return steps, kinds, err
}

func (a *Args) values() map[string]pulumi.Input {
	values := map[string]pulumi.Input{}
	for ref, password := range a.BGPPasswords {
		values[passwordValue(ref)] = password
	}
	return values
}

func (a *Args) loadBalancer(made component.Made) ([]pulumi.Resource, error) {
	sessions, err := bgp.New(a.Stack)
	if err != nil {
		return nil, fmt.Errorf("cilium: %w", err)
	}
	return made.Of(loadBalancerSteps(a.Stack, sessions).Names()...), nil
}

// PasswordRefs lists where the stack's BGP passwords are kept, each once.
func PasswordRefs(stack *spec.Stack) []spec.SecretRef {
	if stack.Cilium.BGP == nil {
		return nil
	}
	var refs []spec.SecretRef
	seen := map[spec.SecretRef]bool{"": true}
	for _, peer := range stack.Cilium.BGP.Peers {
		if !seen[peer.PasswordRef] {
			seen[peer.PasswordRef] = true
			refs = append(refs, peer.PasswordRef)
		}
	}
	return refs
}

func routerConfigs(stack *spec.Stack) (map[string]string, error) {
	configs, err := frr.Configs(stack)
	if err != nil {
		return nil, fmt.Errorf("cilium: %w", err)
	}
	texts := map[string]string{}
	for router, config := range configs {
		texts[router] = string(config)
	}
	return texts, nil
}
