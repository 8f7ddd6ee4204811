// Package tuppr says in types of the rack's own what tuppr.home-operations.com/v1alpha1 takes: tuppr's Go module cannot
// be had. Only what a person writes is here; a status is left open.
// https://github.com/home-operations/tuppr
//
// +groupName=tuppr.home-operations.com
// +versionName=v1alpha1
package tuppr

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// TalosUpgrade brings the nodes to a version of Talos.
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster
type TalosUpgrade struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              TalosUpgradeSpec     `json:"spec,omitempty"`
	Status            runtime.RawExtension `json:"status,omitempty"`
}

// KubernetesUpgrade brings the cluster to a version of Kubernetes.
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster
type KubernetesUpgrade struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              KubernetesUpgradeSpec `json:"spec,omitempty"`
	Status            runtime.RawExtension  `json:"status,omitempty"`
}

// TalosUpgradeSpec is what a TalosUpgrade asks for.
type TalosUpgradeSpec struct {
	Talos        Target                `json:"talos,omitempty"`
	Talosctl     Talosctl              `json:"talosctl,omitempty"`
	Policy       Policy                `json:"policy,omitempty"`
	HealthChecks []HealthCheck         `json:"healthChecks,omitempty"`
	Maintenance  *Maintenance          `json:"maintenance,omitempty"`
	NodeSelector *metav1.LabelSelector `json:"nodeSelector,omitempty"`
	// +kubebuilder:validation:Minimum=1
	Parallelism *int32 `json:"parallelism,omitempty"`
}

// KubernetesUpgradeSpec is what a KubernetesUpgrade asks for.
type KubernetesUpgradeSpec struct {
	Kubernetes   Target        `json:"kubernetes"`
	Talosctl     Talosctl      `json:"talosctl,omitempty"`
	HealthChecks []HealthCheck `json:"healthChecks,omitempty"`
	Maintenance  *Maintenance  `json:"maintenance,omitempty"`
}

// Target is a version.
type Target struct {
	// +kubebuilder:validation:Pattern=`^v[0-9]+\.[0-9]+\.[0-9]+(-[a-zA-Z0-9\-\.]+)?$`
	Version string `json:"version"`
}

// Talosctl is what the upgrades are run with.
type Talosctl struct {
	Image TalosctlImage `json:"image,omitempty"`
}

// TalosctlImage is an image.
type TalosctlImage struct {
	Repository string `json:"repository,omitempty"`
	Tag        string `json:"tag,omitempty"`
	// +kubebuilder:validation:Enum=Always;Never;IfNotPresent
	PullPolicy corev1.PullPolicy `json:"pullPolicy,omitempty"`
}

// Policy is how nodes are treated.
type Policy struct {
	Debug               bool `json:"debug,omitempty"`
	Force               bool `json:"force,omitempty"`
	NoDrain             bool `json:"nodrain,omitempty"`
	Stage               bool `json:"stage,omitempty"`
	WaitForVolumeDetach bool `json:"waitForVolumeDetach,omitempty"`
	// +kubebuilder:validation:Enum=hard;soft
	Placement string `json:"placement,omitempty"`
	// +kubebuilder:validation:Enum=default;powercycle
	RebootMode        string `json:"rebootMode,omitempty"`
	PriorityClassName string `json:"priorityClassName,omitempty"`
	// +kubebuilder:validation:Pattern=`^([0-9]+[smh])+$`
	Timeout string `json:"timeout,omitempty"`
}

// HealthCheck must hold before the next node.
type HealthCheck struct {
	APIVersion  string `json:"apiVersion"`
	Kind        string `json:"kind"`
	Name        string `json:"name,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Expr        string `json:"expr"`
	Description string `json:"description,omitempty"`
	// +kubebuilder:validation:Pattern=`^([0-9]+[smh])+$`
	Timeout string `json:"timeout,omitempty"`
}

// Maintenance is when upgrades may begin.
type Maintenance struct {
	Windows []Window `json:"windows,omitempty"`
}

// Window opens at the times of a cron expression.
type Window struct {
	Start string `json:"start"`
	// +kubebuilder:validation:Pattern=`^([0-9]+[smh])+$`
	Duration string `json:"duration"`
	Timezone string `json:"timezone,omitempty"`
}
