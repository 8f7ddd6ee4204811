// Package helm registers Helm releases with the Kubernetes provider by their
// token. The provider's own Go package for them imports every Kubernetes kind,
// 26 MB of generated code, for the sake of one resource.
package helm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// token is the type under which the Kubernetes provider knows a release.
const token = "kubernetes:helm.sh/v3:Release"

// Args describe a release
// (https://www.pulumi.com/registry/packages/kubernetes/api-docs/helm/v3/release/).
type Args struct {
	// Name is the release's own name in the cluster. Always given: the provider
	// would make up a random one, and with it the names of most objects.
	Name string
	// Chart is an oci:// address, or with Repository a chart's name.
	Chart string
	// Repository is the https address of a classic chart repository.
	Repository string
	// Version is the chart's exact version: without one, every run would install
	// whatever is newest.
	Version string
	// Namespace is where the release lives.
	Namespace string
	// CreateNamespace makes the namespace if it does not exist. Default: false.
	CreateNamespace bool
	// Values override the chart's own. Secrets in them stay secret.
	Values pulumi.Map
	// Timeout is how long the release's workloads may take to become ready.
	// Default: 5m, as Helm.
	Timeout time.Duration
	// Atomic undoes an installation or upgrade that fails. Default: false; what was
	// done stays, and the next update goes on from there.
	Atomic bool
	// SkipCRDs leaves out what the chart has in its crds folder. Default: false.
	SkipCRDs bool
	// WaitForJobs counts the release as ready only when its jobs have finished.
	// Default: false.
	WaitForJobs bool
}

// Release is a chart in the cluster under Pulumi's management. It is created
// once every workload of the chart is ready.
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

// NewRelease registers a release.
func NewRelease(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Release, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("helm release %s: %w", name, err)
	}
	var release Release
	if err := ctx.RegisterResource(token, name, args.props(), &release, opts...); err != nil {
		return nil, fmt.Errorf("helm release %s: %w", name, err)
	}
	return &release, nil
}

func (a *Args) check() error {
	var errs []error
	for _, field := range []struct{ name, value string }{
		{"Name", a.Name}, {"Chart", a.Chart}, {"Version", a.Version}, {"Namespace", a.Namespace},
	} {
		if field.value == "" {
			errs = append(errs, fmt.Errorf("%s is empty", field.name))
		}
	}
	if strings.HasPrefix(a.Chart, "oci://") && a.Repository != "" {
		errs = append(errs, fmt.Errorf("chart %s names its registry itself; leave Repository out", a.Chart))
	}
	return errors.Join(errs...)
}

// props leaves out what has its default, so that a preview shows only what was
// asked for.
func (a *Args) props() pulumi.Map {
	props := pulumi.Map{
		"name":      pulumi.String(a.Name),
		"chart":     pulumi.String(a.Chart),
		"version":   pulumi.String(a.Version),
		"namespace": pulumi.String(a.Namespace),
	}
	if a.Repository != "" {
		props["repositoryOpts"] = pulumi.Map{"repo": pulumi.String(a.Repository)}
	}
	if len(a.Values) > 0 {
		props["values"] = a.Values
	}
	if a.Timeout > 0 {
		props["timeout"] = pulumi.Int(int(a.Timeout.Seconds()))
	}
	for key, set := range map[string]bool{
		"createNamespace": a.CreateNamespace,
		"atomic":          a.Atomic,
		"skipCrds":        a.SkipCRDs,
		"waitForJobs":     a.WaitForJobs,
	} {
		if set {
			props[key] = pulumi.Bool(true)
		}
	}
	return props
}
