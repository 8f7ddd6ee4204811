package flux

import (
	"fmt"
	"time"

	"github.com/fluxcd/pkg/apis/kustomize"

	"github.com/home-ops/home-ops/internal/documents"
	"github.com/home-ops/home-ops/spec"
)

// healthCheckTimeout is how long the chart's health check waits for Flux to run and for
// the root of the tree to be applied. Pulling four images takes most of it.
const healthCheckTimeout = 10 * time.Minute

// manifests are the operator's own copy of Flux's manifests, as an image with the
// operator's version. The tag latest would change under a cluster that nobody touches.
const manifests = "oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests:v"

// instanceValues are the values of the chart flux-instance, under its own names
// (https://fluxoperator.dev/docs/crd/fluxinstance/). Nearly all depend on the stack, so
// that no values file lies beside this one.
type instanceValues struct {
	Instance    instance    `json:"instance"`
	HealthCheck healthCheck `json:"healthcheck"`
}

type instance struct {
	Distribution distribution `json:"distribution"`
	Cluster      cluster      `json:"cluster"`
	Sync         sync         `json:"sync"`
	Kustomize    patches      `json:"kustomize"`
}

type distribution struct {
	Version  string `json:"version"`
	Artifact string `json:"artifact"`
}

type cluster struct {
	Domain string `json:"domain"`
	// NetworkPolicy has the operator make policies of its own, in whose place stands [policy].
	NetworkPolicy bool `json:"networkPolicy"`
}

type sync struct {
	Kind       string `json:"kind,omitempty"`
	Interval   string `json:"interval"`
	URL        string `json:"url"`
	Ref        string `json:"ref"`
	Path       string `json:"path"`
	PullSecret string `json:"pullSecret,omitempty"`
}

type patches struct {
	Patches []kustomize.Patch `json:"patches"`
}

type healthCheck struct {
	Enabled bool   `json:"enabled"`
	Timeout string `json:"timeout"`
}

// InstanceValues are the values of the chart flux-instance, out of which the operator
// makes the root of the tree.
func InstanceValues(stack *spec.Stack) (map[string]any, error) {
	root, err := rootPatch(stack)
	if err != nil {
		return nil, fmt.Errorf("values of flux-instance: %w", err)
	}
	controllers, err := controllersPatches()
	if err != nil {
		return nil, fmt.Errorf("values of flux-instance: %w", err)
	}
	return documents.Plain(instanceValues{
		Instance: instance{
			Distribution: distribution{
				Version:  stack.Versions.Flux.Bare(),
				Artifact: manifests + stack.Versions.FluxOperator.Bare(),
			},
			Cluster: cluster{Domain: stack.Cluster.DNSDomain},
			Sync: sync{
				Interval:   stack.Flux.Interval.String(),
				URL:        stack.Flux.Repository,
				Kind:       syncKind(stack.Flux),
				Ref:        syncRef(stack.Flux),
				Path:       stack.Flux.Path,
				PullSecret: pullSecret(stack.Flux),
			},
			Kustomize: patches{append([]kustomize.Patch{root}, controllers...)},
		},
		HealthCheck: healthCheck{Enabled: true, Timeout: healthCheckTimeout.String()},
	})
}

// ociRepository is the kind of an artifact's source.
const ociRepository = "OCIRepository"

// syncKind is the kind of source that the operator makes; empty for its own default, a
// GitRepository.
func syncKind(f spec.Flux) string {
	if f.OCI() {
		return ociRepository
	}
	return ""
}

// syncRef is what the cluster follows.
func syncRef(f spec.Flux) string {
	if f.OCI() {
		return f.Tag
	}
	return "refs/heads/" + f.Branch
}
