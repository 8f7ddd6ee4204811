// Package facts keeps what the genuine charts are like at the versions that stacks and their tree name: which workloads,
// ports, labels, webhooks and value keys they have. A fact is recorded from the genuine chart, rendered with our values
// (rack/cmd/rack-charts), and never written by hand: what the rack and the tests know of a chart, they know from here.
package facts

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Facts are those of one chart in one version.
type Facts struct {
	Chart   string `json:"chart"`
	Version string `json:"version"`
	// AppVersion is the version of the program that the chart installs, as it writes it.
	AppVersion string `json:"appVersion,omitempty"`
	// Source says what was recorded: the package itself, or the sources that it is made of.
	Source string `json:"source"`
	// Definitions are the custom resource definitions that come with it.
	Definitions []Definition `json:"definitions,omitempty"`
	// Releases are what the chart becomes with our values; those of stacks for which it becomes the same are one.
	Releases []Release `json:"releases"`
	// Values is the tree of the keys that it knows.
	Values Keys `json:"values"`
}

// Definition is a custom resource definition of a chart.
type Definition struct {
	Name string `json:"name"`
	// InstallOnly is one that Helm installs with the first release and neither upgrades nor removes.
	InstallOnly bool `json:"installOnly,omitempty"`
	// Kept is one that Helm leaves where it is when the release goes.
	Kept bool `json:"kept,omitempty"`
}

// Outlives tells whether the definition is still there when the release has gone.
func (d Definition) Outlives() bool { return d.InstallOnly || d.Kept }

// Release is a chart with the values of one release.
type Release struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// Stacks are those whose values it was rendered with.
	Stacks          []string   `json:"stacks"`
	Workloads       []Workload `json:"workloads,omitempty"`
	Services        []Service  `json:"services,omitempty"`
	ServiceAccounts []string   `json:"serviceAccounts,omitempty"`
	Webhooks        []Webhook  `json:"webhooks,omitempty"`
	// APIServices are the groups and versions of the API that it answers for.
	APIServices []string `json:"apiServices,omitempty"`
	Hooks       []Hook   `json:"hooks,omitempty"`
	// Others are all other objects, as KIND/NAME.
	Others []string `json:"others,omitempty"`
}

// Workload makes pods.
type Workload struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Namespace, where it is another than the release's.
	Namespace string `json:"namespace,omitempty"`
	// Selector is what its pods are found by.
	Selector map[string]string `json:"selector,omitempty"`
	// Labels are those of its pods.
	Labels map[string]string `json:"labels,omitempty"`
	// Pod is what pod security and the scheduler look at.
	Pod `json:",inline"`
}

// Pod is what matters to others of a pod's specification.
type Pod struct {
	ServiceAccount    string                     `json:"serviceAccount,omitempty"`
	PriorityClass     string                     `json:"priorityClass,omitempty"`
	HostNetwork       bool                       `json:"hostNetwork,omitempty"`
	HostPID           bool                       `json:"hostPID,omitempty"`
	HostIPC           bool                       `json:"hostIPC,omitempty"`
	NodeSelector      map[string]string          `json:"nodeSelector,omitempty"`
	Tolerations       []corev1.Toleration        `json:"tolerations,omitempty"`
	Security          *corev1.PodSecurityContext `json:"securityContext,omitempty"`
	HostPaths         []string                   `json:"hostPaths,omitempty"`
	Containers        []Container                `json:"containers"`
	HasAffinity       bool                       `json:"hasAffinity,omitempty"`
	HasTopologySpread bool                       `json:"hasTopologySpread,omitempty"`
}

// Container is one of a pod.
type Container struct {
	Name string `json:"name"`
	// Init is one that runs before the others.
	Init     bool                    `json:"init,omitempty"`
	Ports    []corev1.ContainerPort  `json:"ports,omitempty"`
	Security *corev1.SecurityContext `json:"securityContext,omitempty"`
}

// Service is how pods are found.
type Service struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
	// Type is empty for ClusterIP.
	Type     corev1.ServiceType   `json:"type,omitempty"`
	Headless bool                 `json:"headless,omitempty"`
	Labels   map[string]string    `json:"labels,omitempty"`
	Selector map[string]string    `json:"selector,omitempty"`
	Ports    []corev1.ServicePort `json:"ports,omitempty"`
}

// Webhook is one that the API server asks.
type Webhook struct {
	// Kind is that of its configuration, and Configuration the name of that.
	Kind          string `json:"kind"`
	Configuration string `json:"configuration"`
	Name          string `json:"name"`
	// Service answers, as NAMESPACE/NAME:PORT; or URL.
	Service string `json:"service,omitempty"`
	URL     string `json:"url,omitempty"`
	// FailurePolicy is what happens when nobody answers.
	FailurePolicy string `json:"failurePolicy,omitempty"`
	// Resources are what it is asked about, as GROUP/VERSION/RESOURCE.
	Resources []string `json:"resources,omitempty"`
}

// Hook is an object that Helm makes around an event.
type Hook struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Events are when, such as pre-delete.
	Events []string `json:"events"`
	// Pod is that of a hook that runs one.
	Pod *Pod `json:"pod,omitempty"`
}

// Release is the one of that name with a stack's values; nil where the record has none.
func (f *Facts) Release(name, stack string) *Release {
	for i, r := range f.Releases {
		if r.Name == name && slices.Contains(r.Stacks, stack) {
			return &f.Releases[i]
		}
	}
	return nil
}
