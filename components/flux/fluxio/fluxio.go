// Package fluxio has those of Flux's kinds that the program makes, with the fields
// that it uses, under Flux's own names. Flux's own Go types would bring its
// controllers' dependencies into the program.
package fluxio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The versions of Flux's groups (https://fluxcd.io/flux/components/).
const (
	SourceV1           = "source.toolkit.fluxcd.io/v1"
	KustomizeV1        = "kustomize.toolkit.fluxcd.io/v1"
	NotificationV1     = "notification.toolkit.fluxcd.io/v1"
	NotificationV1Beta = "notification.toolkit.fluxcd.io/v1beta3"
)

// Receiver turns a Git server's announcement of a push into a reconciliation
// (https://fluxcd.io/flux/components/notification/receivers/).
type Receiver struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              ReceiverSpec `json:"spec"`
}

// ReceiverSpec is what a receiver listens for, and what it then reconciles.
type ReceiverSpec struct {
	// Type is the form of the announcement.
	Type string `json:"type"`
	// Events are the announcements that count; empty for forms without names of events.
	Events []string `json:"events,omitempty"`
	// Resources are reconciled.
	Resources []Reference `json:"resources"`
	// SecretRef names the Secret whose token signs the announcements.
	SecretRef Name `json:"secretRef"`
}

// Provider is where alerts go
// (https://fluxcd.io/flux/components/notification/providers/).
type Provider struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              ProviderSpec `json:"spec"`
}

// ProviderSpec is the service and how it is reached.
type ProviderSpec struct {
	Type      string `json:"type"`
	Address   string `json:"address"`
	SecretRef Name   `json:"secretRef"`
	// CommitStatusExpr is a CEL expression for the name under which a commit shows the status.
	CommitStatusExpr string `json:"commitStatusExpr,omitempty"`
}

// Alert sends events on
// (https://fluxcd.io/flux/components/notification/alerts/).
type Alert struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              AlertSpec `json:"spec"`
}

// AlertSpec says which events go where.
type AlertSpec struct {
	ProviderRef   Name        `json:"providerRef"`
	EventSeverity string      `json:"eventSeverity"`
	EventSources  []Reference `json:"eventSources"`
}

// Reference is an object of Flux.
type Reference struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	// Name is the object's, or * for all in the namespace.
	Name string `json:"name"`
}

// Name refers to an object in the same namespace.
type Name struct {
	Name string `json:"name"`
}
