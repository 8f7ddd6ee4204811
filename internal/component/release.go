package component

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/plan"
)

// releaseToken is the type under which the Kubernetes provider knows a release
// (https://www.pulumi.com/registry/packages/kubernetes/api-docs/helm/v3/release/).
const releaseToken = "kubernetes:helm.sh/v3:Release"

// Release is a chart in the cluster under Pulumi's management. It is created
// once every workload of the chart is ready. It is not atomic: what a failed
// installation or upgrade did stays, and the next update goes on from there.
type Release struct {
	pulumi.CustomResourceState

	// Status is the release as Helm reports it.
	Status pulumi.MapOutput `pulumi:"status"`
}

// Ready is the release's status, "deployed", known once all of its workloads
// are ready: what refers to it comes after them.
func (r *Release) Ready() pulumi.StringOutput {
	return r.Status.ApplyT(func(status map[string]any) string {
		s, _ := status["status"].(string)
		return s
	}).(pulumi.StringOutput)
}

// registerRelease registers a step's release. What has its default is left out, so that
// a preview shows only what was asked for.
func registerRelease(
	ctx *pulumi.Context, name string, step plan.Step, late map[string]pulumi.Input, opts []pulumi.ResourceOption,
) (*Release, error) {
	r := step.Release
	plain, err := r.PlainValues()
	if err != nil {
		return nil, err
	}
	values, err := withValues(plain, step.From, late)
	if err != nil {
		return nil, err
	}
	props := pulumi.Map{
		"name":      pulumi.String(r.Name),
		"namespace": pulumi.String(r.Namespace),
		"chart":     pulumi.String(r.Chart.Reference()),
		"version":   pulumi.String(r.Chart.Version),
	}
	if !r.Chart.OCI() {
		props["repositoryOpts"] = pulumi.Map{"repo": pulumi.String(r.Chart.Registry)}
	}
	if len(values) > 0 {
		props["values"] = values
	}
	if r.Timeout > 0 {
		props["timeout"] = pulumi.Int(int(r.Timeout.Seconds()))
	}
	var release Release
	return &release, ctx.RegisterResource(releaseToken, name, props, &release, opts...)
}
