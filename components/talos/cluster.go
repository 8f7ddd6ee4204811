package talos

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/cluster"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/helmguard"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
)

// Args describe a Talos cluster.
type Args struct {
	// Stack is the validated stack file.
	Stack *spec.Stack
	// Passphrases are the disk passphrases that the stack refers to.
	Passphrases map[spec.SecretRef]pulumi.StringInput
	// ResetOnDestroy returns a machine to Talos's maintenance mode when its node
	// leaves the stack or the stack is destroyed. The installed system stays on
	// its disk, everything else on the install disk is lost. Default: false, and a
	// removed machine goes on running. A change takes effect with the next update
	// before the destroy.
	ResetOnDestroy bool
	// Identifier is what the cluster's objects are bound to in the state. Another one
	// replaces all of them, so it stays when the cluster's name changes. Default: the
	// cluster's name.
	Identifier string
	// EtcdSnapshot is a file from which etcd begins. Nothing is made of machine secrets that do not open it. Default: etcd
	// begins empty.
	EtcdSnapshot string
	// EtcdStarter bootstraps the cluster unless that has happened before. Default:
	// EnsureEtcd, which asks the machines, or RestoreEtcd with a snapshot.
	EtcdStarter EtcdStarter
	// APIProbe returns once the Kubernetes API is ready. Default: WaitForAPI,
	// which asks it.
	APIProbe APIProbe
	// Releases is called before and after a Helm release is made or changed. Default: a
	// [helmguard.Guard] over the Kubernetes API.
	Releases *pulumi.ResourceHookBinding
	// Leaving are nodes that the stack had when it was last applied, and has no more: they
	// leave the cluster before anything else is changed. Default: none.
	Leaving []roll.Node
	// ServedAt is the URL of the Kubernetes API before this update, which a preview asks. Default: that of the kubeconfig.
	ServedAt string
	// Changer changes the machines of a running cluster. Default: a [roll.Roll] over the
	// Talos and Kubernetes APIs.
	Changer Changer
	// At are addresses at which machines wait for their config that are not their nodes' own. Default: machines that are
	// not at their nodes' addresses are searched in the networks of the stack.
	At discover.At
	// Reach looks in a preview whether a machine is at its node's address. Default: nobody looks.
	Reach Reach
}

// TalosCluster is a running Kubernetes cluster without a pod network. What comes
// after it waits on its outputs, never on the component: a kubeconfig or a
// Provider is known only once the API is ready.
type TalosCluster struct {
	pulumi.ResourceState

	// Kubeconfig gives full rights over the cluster. It is secret.
	Kubeconfig pulumi.StringOutput
	// Talosconfig gives full rights over the machines. It is secret.
	Talosconfig pulumi.StringOutput
	// MachineSecrets is the bundle that everything else was made of, in the form of
	// `talosctl gen secrets`: new configurations come out of it even when the state is
	// lost. It is secret.
	MachineSecrets pulumi.StringOutput
	// Seed is key material of the cluster that lasts as long as it does, for secrets that
	// are derived (internal/derive): the key with which control planes encrypt the
	// cluster's Secrets. It is secret.
	Seed pulumi.StringOutput
	// Provider manages Kubernetes objects in the cluster. Its Helm releases are guarded:
	// what a run that was killed left in the way of one is removed.
	Provider *component.Provider
	// Configured is known once every machine runs what it should.
	Configured pulumi.Output
	// Nodes tells what was made of each node, in the order of the stack file.
	Nodes []NodeFacts
}

// NodeFacts are what others may want to know of a node. None of it is secret.
type NodeFacts struct {
	Name           string
	Role           spec.Role
	Address        string
	Schematic      string
	InstallerImage string
}

// NewTalosCluster makes the cluster: it generates the secrets, has the image factory make the
// nodes' images, sends every node its machine configuration, bootstraps etcd on the first control plane unless that has
// happened before, and fetches a kubeconfig. A stack of which any node's config
// would be refused touches nothing. A run that was interrupted anywhere is
// completed by the next one.
func NewTalosCluster(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*TalosCluster, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	c := &TalosCluster{Nodes: nodeFacts(args.Stack)}
	if err := ctx.RegisterComponentResource("homeops:index:TalosCluster", name, c, opts...); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: c}
	b.guard = helmguard.New(func(line string) { _ = ctx.Log.Info(line, nil) })

	id, err := b.identity()
	if err != nil {
		return nil, err
	}
	schematics, err := b.schematics()
	if err != nil {
		return nil, err
	}
	applies, kubeconfig, err := b.applyConfigs(id, schematics)
	if err != nil {
		return nil, err
	}
	c.Configured = pulumi.All(applies.all(), b.departed, pulumi.All(b.settled...))
	c.Kubeconfig = b.served(kubeconfig, id)
	c.Talosconfig = b.talosconfig(id)
	c.MachineSecrets = b.machineSecrets(id)
	c.Seed = b.seed(id)
	if c.Provider, err = b.provider(c.Kubeconfig); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"kubeconfig":  c.Kubeconfig,
		"talosconfig": c.Talosconfig,
		"endpoint":    pulumi.String(args.Stack.ClusterEndpoint()),
		"nodes":       NodeFactsInput(c.Nodes),
	})
}

// check builds every node's config once with placeholder secrets, so that a
// preview shows whatever is wrong with any of them before anything exists.
func (a *Args) check() error {
	if a == nil || a.Stack == nil {
		return errors.New("talos: Stack is missing")
	}
	if len(a.Stack.ControlPlanes()) == 0 {
		return errors.New("talos: the stack has no control plane")
	}
	var errs []error
	placeholder := machineconfig.Placeholder(a.Stack)
	for _, node := range a.Stack.Nodes {
		_, err := machineconfig.Build(a.Stack, node, placeholder)
		errs = append(errs, err)
	}
	for _, ref := range machineconfig.PassphraseRefs(a.Stack) {
		if a.Passphrases[ref] == nil {
			errs = append(errs, fmt.Errorf("talos: no passphrase was given for %s", ref))
		}
	}
	return errors.Join(errs...)
}

func nodeFacts(stack *spec.Stack) []NodeFacts {
	var facts []NodeFacts
	for _, node := range stack.Nodes {
		facts = append(facts, NodeFacts{
			Name:           node.Name,
			Role:           node.Role,
			Address:        node.Address.String(),
			Schematic:      node.SchematicID(),
			InstallerImage: stack.InstallerImage(node),
		})
	}
	return facts
}

// NodeFactsInput is facts as a stack or component output.
func NodeFactsInput(facts []NodeFacts) pulumi.MapArray {
	var out pulumi.MapArray
	for _, node := range facts {
		out = append(out, pulumi.Map{
			"name":           pulumi.String(node.Name),
			"role":           pulumi.String(string(node.Role)),
			"address":        pulumi.String(node.Address),
			"schematic":      pulumi.String(node.Schematic),
			"installerImage": pulumi.String(node.InstallerImage),
		})
	}
	return out
}

// builder holds what every step of New needs.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *Args
	parent *TalosCluster
	guard  *helmguard.Guard
	// departed is known once those that left the stack have left the cluster.
	departed pulumi.Output
	// settled are known once each node is as it should be.
	settled []any
}

// secrets are the cluster's identity: without them its machines and its etcd
// data can never be reached again, hence the protection of those that are in use. The resource would be
// replaced, with new secrets, were the contract ever set back, and secrets do not
// depend on it: hence it is ignored.
func (b *builder) secrets(name string, protect bool) (*machine.Secrets, error) {
	return machine.NewSecrets(b.ctx, name, &machine.SecretsArgs{
		TalosVersion: pulumi.String(string(b.args.Stack.Cluster.TalosContract)),
	},
		pulumi.Parent(b.parent),
		pulumi.Protect(protect),
		pulumi.IgnoreChanges([]string{"talosVersion"}),
		pulumi.AdditionalSecretOutputs([]string{"machineSecrets", "clientConfiguration"}))
}

// fetchKubeconfig has the first control plane give a kubeconfig once etcd runs, and another one when the authority that
// signs its certificate is another: the provider fetches none for that reason. The hook is called for the other one, too;
// it finds the etcd that the machines of this update had to have.
func (b *builder) fetchKubeconfig(client machine.ClientConfigurationOutput, applies applied) (*cluster.Kubeconfig, error) {
	bootstrap, err := b.bootstrapHook()
	if err != nil {
		return nil, err
	}
	var configured []pulumi.Resource
	for _, node := range b.args.Stack.ControlPlanes() {
		configured = append(configured, applies[node.Name])
	}
	first := pulumi.String(b.firstControlPlane().Address.String())
	return cluster.NewKubeconfig(b.ctx, b.name+"-kubeconfig", &cluster.KubeconfigArgs{
		ClientConfiguration: cluster.KubeconfigClientConfigurationArgs{
			CaCertificate:     client.CaCertificate(),
			ClientCertificate: client.ClientCertificate(),
			ClientKey:         client.ClientKey(),
		},
		Node:     first,
		Endpoint: first,
	},
		pulumi.Parent(b.parent),
		pulumi.DependsOn(configured),
		pulumi.ReplacementTrigger(pulumi.Int(b.args.Stack.Cluster.KubernetesCA.Issuing)),
		pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{bootstrap}}),
		pulumi.AdditionalSecretOutputs([]string{"kubeconfigRaw", "kubernetesClientConfiguration"}))
}

// served is a kubeconfig once the API answers at the endpoint that it names. It believes whom the stack file says, so that
// it works before the next step of a rotation and in its midst.
func (b *builder) served(fetched *cluster.Kubeconfig, id identity) pulumi.StringOutput {
	wait := b.args.APIProbe
	if wait == nil {
		wait = WaitForAPI
	}
	ready := id.with([]any{fetched.KubeconfigRaw}, func(held machineconfig.Secrets, known []any) (string, error) {
		kubeconfig, err := withTrust(known[0].(string), slices.Concat(held.Bundle.Certs.K8s.Crt, held.AcceptedKubernetesCA))
		if err != nil {
			return "", err
		}
		if b.ctx.DryRun() {
			return withServer(kubeconfig, b.args.ServedAt), nil
		}
		// It was fetched when the cluster was made; the VIP may have moved since.
		kubeconfig = withServer(kubeconfig, b.args.Stack.ClusterEndpoint())
		// No release is made before its provider has this kubeconfig.
		b.guard.Open(func() (kubeapi.API, error) { return kubeapi.Open([]byte(kubeconfig)) })
		return kubeconfig, wait(b.ctx.Context(), []byte(kubeconfig))
	})
	return pulumi.ToSecret(ready).(pulumi.StringOutput)
}

func (b *builder) talosconfig(id identity) pulumi.StringOutput {
	config := id.client().ApplyT(func(client machine.ClientConfiguration) (string, error) {
		return Talosconfig(b.args.Stack, client.CaCertificate, client.ClientCertificate, client.ClientKey)
	})
	return pulumi.ToSecret(config).(pulumi.StringOutput)
}

func (b *builder) machineSecrets(id identity) pulumi.StringOutput {
	file := id.with(nil, func(held machineconfig.Secrets, _ []any) (string, error) {
		raw, err := yaml.Marshal(held.Bundle)
		return string(raw), err
	})
	return pulumi.ToSecret(file).(pulumi.StringOutput)
}

func (b *builder) seed(id identity) pulumi.StringOutput {
	key := id.made.MachineSecrets.Secrets().SecretboxEncryptionSecret()
	return pulumi.ToSecret(key).(pulumi.StringOutput)
}

// provider is bound to the cluster by its identifier: the server's address or the
// kubeconfig may change without everything in the cluster being replaced.
//
// An object that exists already is taken over, with its fields, because a run that was
// interrupted between creating it and writing it down would else never complete: the
// provider applies each new resource under another field manager's name, and a list that
// the API server has completed with defaults is then a conflict with the dead run's
// (docs/adr/0014).
//
// ConfigMaps and Secrets change in place. The provider would else delete one before it
// makes the next, and what reads it in between finds nothing.
func (b *builder) provider(kubeconfig pulumi.StringOutput) (*component.Provider, error) {
	provider, err := kubernetes.NewProvider(b.ctx, b.name+"-kubernetes", &kubernetes.ProviderArgs{
		Kubeconfig:             kubeconfig,
		ClusterIdentifier:      pulumi.String(cmp.Or(b.args.Identifier, b.args.Stack.Cluster.Name)),
		UpsertExistingObjects:  pulumi.Bool(true),
		EnablePatchForce:       pulumi.Bool(true),
		EnableConfigMapMutable: pulumi.Bool(true),
		EnableSecretMutable:    pulumi.Bool(true),
	}, pulumi.Parent(b.parent))
	if err != nil {
		return nil, err
	}
	releases := b.args.Releases
	if releases == nil {
		if releases, err = b.guard.Hooks(b.ctx, b.name+"-release"); err != nil {
			return nil, err
		}
	}
	return &component.Provider{Provider: provider, Releases: releases}, nil
}

func (b *builder) firstControlPlane() spec.Node { return b.args.Stack.ControlPlanes()[0] }
