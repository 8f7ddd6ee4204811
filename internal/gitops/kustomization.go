package gitops

import (
	"path"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Kustomization is Flux's order to apply one folder: the part of the kind that the tree
// uses (https://fluxcd.io/flux/components/kustomize/kustomizations/). Reading one is
// strict, so that what is not here is refused rather than overlooked.
type Kustomization struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec KustomizationSpec `json:"spec"`
}

// KustomizationSpec is what to apply, and how.
type KustomizationSpec struct {
	Path            string          `json:"path"`
	SourceRef       SourceRef       `json:"sourceRef"`
	TargetNamespace string          `json:"targetNamespace,omitempty"`
	Components      []string        `json:"components,omitempty"`
	Patches         []Patch         `json:"patches,omitempty"`
	PostBuild       *PostBuild      `json:"postBuild,omitempty"`
	DependsOn       []Dependency    `json:"dependsOn,omitempty"`
	HealthChecks    []HealthCheck   `json:"healthChecks,omitempty"`
	Decryption      *Decryption     `json:"decryption,omitempty"`
	ServiceAccount  string          `json:"serviceAccountName,omitempty"`
	Interval        metav1.Duration `json:"interval"`
	RetryInterval   metav1.Duration `json:"retryInterval,omitzero"`
	Timeout         metav1.Duration `json:"timeout,omitzero"`
	Prune           bool            `json:"prune"`
	Wait            bool            `json:"wait,omitempty"`
	Force           bool            `json:"force,omitempty"`
}

// SourceRef names where the folder is.
type SourceRef struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

// Patch changes what was built, before it is applied.
type Patch struct {
	Patch  string            `json:"patch"`
	Target map[string]string `json:"target,omitempty"`
}

// PostBuild is what takes the place of ${NAME}.
type PostBuild struct {
	Substitute     map[string]string `json:"substitute,omitempty"`
	SubstituteFrom []SubstituteFrom  `json:"substituteFrom,omitempty"`
}

// SubstituteFrom is a ConfigMap or Secret of such values.
type SubstituteFrom struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Optional bool   `json:"optional,omitempty"`
}

// Dependency is a Kustomization that must be ready first.
type Dependency struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

// HealthCheck is an object that must be ready before the Kustomization is.
type HealthCheck struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
}

// Decryption is how encrypted Secrets are read.
type Decryption struct {
	Provider  string            `json:"provider"`
	SecretRef map[string]string `json:"secretRef,omitempty"`
}

// Key identifies a Kustomization: NAMESPACE/NAME.
func (k *Kustomization) Key() string { return k.Namespace + "/" + k.Name }

// Dependencies are the keys of those that must be ready first.
func (k *Kustomization) Dependencies() []string {
	var keys []string
	for _, d := range k.Spec.DependsOn {
		namespace := d.Namespace
		if namespace == "" {
			namespace = k.Namespace
		}
		keys = append(keys, namespace+"/"+d.Name)
	}
	return keys
}

// folder is the path in the repository, in the form of [io/fs].
func (k *Kustomization) folder() string { return path.Clean(k.Spec.Path) }
