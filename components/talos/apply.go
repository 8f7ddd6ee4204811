package talos

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/cluster"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

// applied are the resources that hold a node's config, by the node's name.
type applied map[string]*machine.ConfigurationApply

// all is known once every node has its config.
func (a applied) all() pulumi.Output {
	var ids []any
	for _, name := range slices.Sorted(maps.Keys(a)) {
		ids = append(ids, a[name].ID())
	}
	return pulumi.All(ids...)
}

// applyConfigs sends every node its config, and fetches a kubeconfig: new nodes all at the same time, each once its image can
// be had, but workers that are not at their addresses after the control plane; those that run already one after the other (see
// rolling).
func (b *builder) applyConfigs(id identity, schematics schematics) (applied, *cluster.Kubeconfig, error) {
	turns, err := b.rolling()
	if err != nil {
		return nil, nil, err
	}
	client := id.client()
	b.departed = turns.removes(b.ctx, b.args.Leaving, client)
	passphrases, applies := b.passphrases(), applied{}
	apply := func(node spec.Node, after pulumi.Resource) error {
		opts := []pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.ResourceHooks(turns.hooks)}
		if after != nil {
			opts = append(opts, pulumi.DependsOn([]pulumi.Resource{after}))
		}
		apply, err := b.applyConfig(node, id, schematics[node.SchematicID()], passphrases, opts)
		if err != nil {
			return err
		}
		applies[node.Name] = apply
		b.settled = append(b.settled, turns.settles(b.ctx, node, apply, client))
		return nil
	}
	var previous pulumi.Resource
	for _, node := range b.args.Stack.ControlPlanes() {
		if err := apply(node, previous); err != nil {
			return nil, nil, err
		}
		if b.args.ResetOnDestroy {
			previous = applies[node.Name]
		}
	}
	kubeconfig, err := b.fetchKubeconfig(client, applies)
	if err != nil {
		return nil, nil, err
	}
	away := b.away()
	for _, node := range b.args.Stack.Nodes {
		if node.IsControlPlane() {
			continue
		}
		var after pulumi.Resource
		if away[node.Name] {
			after = kubeconfig
		}
		if err := apply(node, after); err != nil {
			return nil, nil, err
		}
	}
	return applies, kubeconfig, nil
}

func (b *builder) applyConfig(
	node spec.Node, id identity, schematic pulumi.StringOutput,
	passphrases pulumi.StringMapOutput, opts []pulumi.ResourceOption,
) (*machine.ConfigurationApply, error) {
	config := id.with([]any{passphrases, schematic}, func(held machineconfig.Secrets, known []any) (string, error) {
		for ref, passphrase := range known[0].(map[string]string) {
			held.Passphrases[spec.SecretRef(ref)] = passphrase
		}
		raw, err := machineconfig.Build(b.args.Stack, node, held)
		return string(raw), err
	})

	args := &machine.ConfigurationApplyArgs{
		ClientConfiguration:       id.client(),
		MachineConfigurationInput: pulumi.ToSecret(config).(pulumi.StringOutput),
		// A machine without a config ignores which node it is asked for and takes
		// the config itself: endpoint and node must be one and the same.
		Node:      pulumi.String(node.Address.String()),
		Endpoint:  pulumi.StringPtr(node.Address.String()),
		ApplyMode: pulumi.StringPtr("auto"),
	}
	if b.args.ResetOnDestroy {
		args.OnDestroy = b.reset(node)
	}
	apply, err := machine.NewConfigurationApply(b.ctx, fmt.Sprintf("%s-apply-%s", b.name, node.Name), args, opts...)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", node.Name, err)
	}
	return apply, nil
}

// reset wipes a machine's configuration and data but not its Talos, and reboots
// it: without the reboot it would stay off. Control planes are reset one after
// the other, the last of the stack first, and each leaves etcd on the way; the
// first control plane is the last member, which cannot leave.
func (b *builder) reset(node spec.Node) machine.ConfigurationApplyOnDestroyPtrInput {
	return &machine.ConfigurationApplyOnDestroyArgs{
		Reset:    pulumi.BoolPtr(true),
		Reboot:   pulumi.BoolPtr(true),
		Graceful: pulumi.BoolPtr(node.Name != b.firstControlPlane().Name),
	}
}

func (b *builder) passphrases() pulumi.StringMapOutput {
	known := pulumi.StringMap{}
	for ref, passphrase := range b.args.Passphrases {
		known[string(ref)] = passphrase
	}
	return pulumi.ToSecret(known.ToStringMapOutput()).(pulumi.StringMapOutput)
}
