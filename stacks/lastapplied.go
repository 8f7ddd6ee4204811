package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
)

// The stack's outputs that the next run reads before it touches anything.
const (
	// appliedOutput is what was applied, as spec.Stack.Record writes it.
	appliedOutput = "applied"
	// identifierOutput is what the cluster's objects are bound to.
	identifierOutput = "clusterIdentifier"
	// kubeconfigOutput is an administrator's.
	kubeconfigOutput = "kubeconfig"
	// machineSecretsOutput is in the form of `talosctl gen secrets`.
	machineSecretsOutput = "machineSecrets"
)

// history is what the stack's last update left behind.
type history struct {
	// applied is the stack as it was applied; nil before the first update has ended.
	applied *spec.Stack
	// identifier is that of the cluster's Kubernetes provider; empty before.
	identifier string
	// kubeconfig opens the cluster; empty before.
	kubeconfig string
	// machineSecrets are those of the cluster, as a file; empty before.
	machineSecrets string
}

// lastApplied reads the stack's own outputs. They are in the state, so no machine is
// asked, and nothing of it is lost when the cluster is.
func lastApplied(ctx *pulumi.Context) (history, error) {
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), ctx.Stack())
	own, err := pulumi.NewStackReference(ctx, name, nil)
	if err != nil {
		return history{}, err
	}
	var h history
	if h.machineSecrets, err = textOutput(own, machineSecretsOutput); err != nil {
		return h, err
	}
	if h.kubeconfig, err = textOutput(own, kubeconfigOutput); err != nil {
		return h, err
	}
	record, err := textOutput(own, appliedOutput)
	if err != nil || record == "" {
		return h, err
	}
	if h.identifier, err = textOutput(own, identifierOutput); err != nil {
		return h, err
	}
	if h.applied, err = spec.FromRecord(ctx.Stack(), record); err != nil {
		return h, fmt.Errorf("stack output %s: %w", appliedOutput, err)
	}
	return h, nil
}

// textOutput is plain, or secret in a state that a former version of the program wrote.
func textOutput(own *pulumi.StackReference, name string) (string, error) {
	details, err := own.GetOutputDetails(name)
	if err != nil {
		return "", fmt.Errorf("stack output %s: %w", name, err)
	}
	text, ok := details.Value.(string)
	if !ok {
		text, _ = details.SecretValue.(string)
	}
	return text, nil
}

// judge refuses a step that a running cluster cannot take, and tells what the others do.
func (h history) judge(ctx *pulumi.Context, stack *spec.Stack) error {
	if h.applied == nil {
		return nil
	}
	problems := spec.JudgeChange(h.applied, stack)
	if err := tell(ctx, problems); err != nil {
		return err
	}
	if errs := problems.Errors(); len(errs) > 0 {
		return fmt.Errorf("this change of %s cannot be made: %d error(s), listed above; nothing was touched",
			stackFile(ctx.Stack()), len(errs))
	}
	if forecast := roll.ForetellImages(h.applied, stack); forecast != nil {
		return ctx.Log.Info("roll, "+forecast.String(), nil)
	}
	return nil
}

// leaving are the nodes that were applied and are wanted no more.
func (h history) leaving(stack *spec.Stack) []roll.Node {
	if h.applied == nil {
		return nil
	}
	var nodes []roll.Node
	for _, node := range h.applied.Nodes {
		if !slices.ContainsFunc(stack.Nodes, func(n spec.Node) bool { return n.Name == node.Name }) {
			nodes = append(nodes, roll.NodeOf(h.applied, node))
		}
	}
	return nodes
}

// servedAt is where the API was left; empty before the first update has ended.
func (h history) servedAt() string {
	if h.applied == nil {
		return ""
	}
	return h.applied.ClusterEndpoint()
}

// clusterIdentifier stays what it was when the cluster was made, whatever the cluster
// is called since: another one would replace every object in it.
func (h history) clusterIdentifier(stack *spec.Stack) string {
	if h.identifier != "" {
		return h.identifier
	}
	return stack.Cluster.Name
}

// export leaves behind what the next run reads. It is kept only by an update in which
// every machine took its config: after any other one, the former outputs stay.
func (h history) export(ctx *pulumi.Context, stack *spec.Stack, configured pulumi.Output) error {
	record, err := stack.Record()
	if err != nil {
		return err
	}
	// What is waited for knows the machines' secrets; the record does not.
	after := func(text string) pulumi.StringOutput {
		return pulumi.Unsecret(configured.ApplyT(func(any) string { return text })).(pulumi.StringOutput)
	}
	ctx.Export(appliedOutput, after(record))
	ctx.Export(identifierOutput, after(h.clusterIdentifier(stack)))
	return nil
}

// keepOutputs leaves the stack's outputs as they are when the program fails: the SDK
// would write down whatever was exported by then, and with it lose what was applied.
func keepOutputs(ctx *pulumi.Context, cause error) {
	never, _, reject := ctx.NewOutput()
	reject(cause)
	ctx.Export(appliedOutput, never)
}
