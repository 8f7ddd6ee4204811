// Package values makes the values of the chart that tells Flux's operator what Flux
// is to be (https://fluxoperator.dev/docs/crd/fluxinstance/).
package values

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/home-ops/home-ops/components/flux/fluxio"
	"github.com/home-ops/home-ops/components/flux/objects"
	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/spec"
)

// Patience is how long the health check of the chart waits for Flux to run and for
// the root of the tree to be applied. Pulling four images is what takes time.
const Patience = 10 * time.Minute

// manifests are the operator's own copy of Flux's, as an image with the operator's
// version. Its latest one would change under a cluster that nobody touches.
const manifests = "oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests:v"

// chartValues are the values of the chart flux-instance, under its own names.
type chartValues struct {
	Instance    instance    `json:"instance"`
	HealthCheck healthCheck `json:"healthcheck"`
}

type instance struct {
	Distribution distribution `json:"distribution"`
	Cluster      cluster      `json:"cluster"`
	Sync         sync         `json:"sync"`
	Kustomize    kustomize    `json:"kustomize"`
}

type distribution struct {
	Version  string `json:"version"`
	Artifact string `json:"artifact"`
}

type cluster struct {
	Domain string `json:"domain"`
}

type sync struct {
	Interval   string `json:"interval"`
	URL        string `json:"url"`
	Ref        string `json:"ref"`
	Path       string `json:"path"`
	PullSecret string `json:"pullSecret,omitempty"`
}

type kustomize struct {
	Patches []fluxio.Patch `json:"patches"`
}

type healthCheck struct {
	Enabled bool   `json:"enabled"`
	Timeout string `json:"timeout"`
}

// For is the values of the chart flux-instance.
func For(stack *spec.Stack) (map[string]any, error) {
	root, err := rootPatch(stack)
	if err != nil {
		return nil, fmt.Errorf("flux values: %w", err)
	}
	pace, err := pacePatch()
	if err != nil {
		return nil, fmt.Errorf("flux values: %w", err)
	}
	raw, err := json.Marshal(chartValues{
		Instance: instance{
			Distribution: distribution{
				Version:  stack.Versions.Flux.Bare(),
				Artifact: manifests + stack.Versions.FluxOperator.Bare(),
			},
			Cluster: cluster{Domain: stack.Cluster.DNSDomain},
			Sync: sync{
				Interval:   stack.Flux.Interval.String(),
				URL:        stack.Flux.Repository,
				Ref:        "refs/heads/" + stack.Flux.Branch,
				Path:       stack.Flux.Path,
				PullSecret: objects.PullSecret(stack),
			},
			Kustomize: kustomize{Patches: []fluxio.Patch{root, pace}},
		},
		HealthCheck: healthCheck{Enabled: true, Timeout: Patience.String()},
	})
	if err != nil {
		return nil, fmt.Errorf("flux values: %w", err)
	}
	values := map[string]any{}
	return values, json.Unmarshal(raw, &values)
}

// pacePatch has what waits for another look again after 5 s, and many be applied at
// once. Flux's own 30 s add up along a chain of dependencies to minutes of a fresh
// cluster, and its four at a time make a commit wait behind a whole tree.
func pacePatch() (fluxio.Patch, error) {
	var add []map[string]string
	for _, flag := range []string{"--requeue-dependency=5s", "--concurrent=10"} {
		add = append(add, map[string]string{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": flag})
	}
	patch, err := json.Marshal(add)
	return fluxio.Patch{
		Patch:  string(patch),
		Target: fluxio.Target{Kind: "Deployment", Name: "(kustomize-controller|helm-controller)"},
	}, err
}

// rootPatch gives the Kustomization that the operator makes, the root of the tree,
// the settings and the key; and has the root give both to every Kustomization
// that it makes in turn, so that no manifest needs to say it. In another namespace they
// would not be found.
func rootPatch(stack *spec.Stack) (fluxio.Patch, error) {
	common := fluxio.KustomizationSpec{PostBuild: &fluxio.PostBuild{SubstituteFrom: []fluxio.Reference{
		{Kind: "ConfigMap", Name: settings.ConfigMap},
		{Kind: "Secret", Name: settings.Secret},
	}}}
	if sops := stack.Secrets.SOPS; sops != nil {
		common.Decryption = &fluxio.Decryption{Provider: "sops", SecretRef: fluxio.Name{Name: sops.SecretName}}
	}
	target := fluxio.Target{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization", Namespace: objects.Namespace}

	children, err := partial(common)
	if err != nil {
		return fluxio.Patch{}, err
	}
	root := common
	root.Patches = []fluxio.Patch{{Patch: children, Target: target}}
	patch, err := partial(root)
	return fluxio.Patch{Patch: patch, Target: target}, err
}

// partial is a patch that merges a spec into whatever Kustomization it meets; the
// name in it counts for nothing.
func partial(spec fluxio.KustomizationSpec) (string, error) {
	raw, err := json.Marshal(map[string]any{
		"apiVersion": fluxio.KustomizeV1,
		"kind":       "Kustomization",
		"metadata":   map[string]string{"name": "any"},
		"spec":       spec,
	})
	return string(raw), err
}
