package flux

import (
	"encoding/json"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/spec"
)

// controllersPatches make the controllers faster, and strict.
//
// They look again after 5 s at what waits for a dependency: with Flux's own 30 s, a chain
// of dependencies takes minutes on a new cluster. And they apply ten at once: with Flux's
// own four, a commit waits behind the whole tree.
//
// A setting of the tree without a value is an error of the Kustomization that names it.
// Without the feature gate, Flux puts an empty word in its place
// (https://fluxcd.io/flux/components/kustomize/options/#feature-gates).
func controllersPatches() ([]kustomize.Patch, error) {
	faster, err := flagsPatch("(kustomize-controller|helm-controller)", "--requeue-dependency=5s", "--concurrent=10")
	if err != nil {
		return nil, err
	}
	// The helm-controller does not start with a gate that it does not know.
	strict, err := flagsPatch("kustomize-controller", "--feature-gates=StrictPostBuildSubstitutions=true")
	return []kustomize.Patch{faster, strict}, err
}

// flagsPatch adds flags to the Deployments whose name the expression matches.
func flagsPatch(deployment string, flags ...string) (kustomize.Patch, error) {
	var add []map[string]string
	for _, flag := range flags {
		add = append(add, map[string]string{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": flag})
	}
	patch, err := json.Marshal(add)
	return kustomize.Patch{Patch: string(patch), Target: &kustomize.Selector{Kind: "Deployment", Name: deployment}}, err
}

// partialSpec is the part of a Kustomization's spec that is patched in. Flux's own
// KustomizationSpec always has an interval, a sourceRef and prune, and would set them.
type partialSpec struct {
	RetryInterval *metav1.Duration                           `json:"retryInterval,omitempty"`
	SourceRef     *kustomizev1.CrossNamespaceSourceReference `json:"sourceRef,omitempty"`
	Decryption    *kustomizev1.Decryption                    `json:"decryption,omitempty"`
	PostBuild     *kustomizev1.PostBuild                     `json:"postBuild,omitempty"`
	Patches       []kustomize.Patch                          `json:"patches,omitempty"`
}

// rootRetry is how long after a failure the root is tried again, as all others are (kubernetes/components/defaults). Without it that
// is its interval, 10 minutes, which a control plane's reboot at the wrong moment costs.
const rootRetry = time.Minute

// rootPatch gives the settings and the decryption key to the root Kustomization, which
// the operator makes. The root in turn patches both into every Kustomization that it
// makes, so that no manifest of the tree repeats them. Only those in Flux's own
// namespace get them: from another one, the Secrets are not found.
func rootPatch(stack *spec.Stack) (kustomize.Patch, error) {
	common := partialSpec{PostBuild: &kustomizev1.PostBuild{SubstituteFrom: []kustomizev1.SubstituteReference{
		{Kind: "ConfigMap", Name: settings.ConfigMap},
		{Kind: "Secret", Name: settings.Secret},
	}}}
	if sops := stack.Secrets.SOPS; sops != nil {
		common.Decryption = &kustomizev1.Decryption{
			Provider:  "sops",
			SecretRef: &meta.LocalObjectReference{Name: sops.SecretName},
		}
	}
	target := &kustomize.Selector{
		Group: kustomizev1.GroupVersion.Group, Kind: kustomizev1.KustomizationKind, Namespace: namespace,
	}
	child := common
	if stack.Flux.OCI() {
		// The tree is the same whichever way it comes, and names the way that is usual.
		child.SourceRef = &kustomizev1.CrossNamespaceSourceReference{Kind: ociRepository, Name: namespace}
	}
	// The root hands it on: what it makes is applied anew once it is.
	asked := askedFor(stack)
	children, err := partial(child, asked)
	if err != nil {
		return kustomize.Patch{}, err
	}
	root := common
	root.RetryInterval = &metav1.Duration{Duration: rootRetry}
	root.Patches = []kustomize.Patch{{Patch: children, Target: target}}
	patch, err := partial(root, asked)
	return kustomize.Patch{Patch: patch, Target: target}, err
}

// partial is a patch that merges a spec and annotations into every Kustomization that the target selects.
// The patch has to have a name, which is not compared with theirs.
func partial(spec partialSpec, annotations map[string]string) (string, error) {
	metadata := map[string]any{"name": "any"}
	if len(annotations) > 0 {
		metadata["annotations"] = annotations
	}
	raw, err := json.Marshal(map[string]any{
		"apiVersion": kustomizev1.GroupVersion.String(),
		"kind":       kustomizev1.KustomizationKind,
		"metadata":   metadata,
		"spec":       spec,
	})
	return string(raw), err
}
