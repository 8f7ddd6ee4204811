package ciliumio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterwideNetworkPolicy is a network policy for pods of every namespace
// (https://docs.cilium.io/en/stable/security/policy/).
type ClusterwideNetworkPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              PolicyRule `json:"spec"`
}

// NetworkPolicy is a network policy for pods of its own namespace.
type NetworkPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              PolicyRule `json:"spec"`
}

// PolicyRule is what the chosen pods may do. Policies only add to each other:
// what any of them allows is allowed.
type PolicyRule struct {
	Description      string               `json:"description,omitempty"`
	EndpointSelector metav1.LabelSelector `json:"endpointSelector"`
	// EnableDefaultDeny refuses, for the chosen pods, what no policy allows.
	EnableDefaultDeny DefaultDeny   `json:"enableDefaultDeny"`
	Ingress           []IngressRule `json:"ingress,omitempty"`
	// IngressDeny refuses, whatever any policy allows.
	IngressDeny []IngressRule `json:"ingressDeny,omitempty"`
	Egress      []EgressRule  `json:"egress,omitempty"`
}

// DefaultDeny says in which direction everything else is refused.
type DefaultDeny struct {
	Ingress bool `json:"ingress"`
	Egress  bool `json:"egress"`
}

// IngressRule allows traffic to the chosen pods; the parts are alternatives in
// rules of their own, never together in one.
type IngressRule struct {
	FromEndpoints []metav1.LabelSelector `json:"fromEndpoints,omitempty"`
	FromEntities  []Entity               `json:"fromEntities,omitempty"`
	FromCIDRSet   []CIDRRule             `json:"fromCIDRSet,omitempty"`
	ToPorts       []PortRule             `json:"toPorts,omitempty"`
}

// EgressRule allows traffic from the chosen pods.
type EgressRule struct {
	ToEndpoints []metav1.LabelSelector `json:"toEndpoints,omitempty"`
	ToEntities  []Entity               `json:"toEntities,omitempty"`
	ToCIDRSet   []CIDRRule             `json:"toCIDRSet,omitempty"`
	ToPorts     []PortRule             `json:"toPorts,omitempty"`
}

// PortRule limits a rule to ports.
type PortRule struct {
	Ports []PortProtocol `json:"ports"`
}

// PortProtocol is a port number, or a port's name, of a protocol.
type PortProtocol struct {
	Port     string `json:"port"`
	Protocol string `json:"protocol,omitempty"`
}

// Entity is a peer that is no pod of an ordinary kind
// (https://docs.cilium.io/en/stable/security/policy/language/#entities-based).
type Entity string

// How Cilium names what it knows of a pod's namespace in a pod's labels: its name, and each of its labels behind a prefix.
const (
	PodNamespace    = "k8s:io.kubernetes.pod.namespace"
	NamespaceLabels = "k8s:io.cilium.k8s.namespace.labels."
)

// The entities.
const (
	// EntityHost is the node that the pod runs on, with its host-network pods.
	EntityHost Entity = "host"
	// EntityRemoteNode is the other nodes, with their host-network pods.
	EntityRemoteNode Entity = "remote-node"
	// EntityKubeAPIServer is the Kubernetes API.
	EntityKubeAPIServer Entity = "kube-apiserver"
	// EntityHealth is Cilium's own probes between nodes.
	EntityHealth Entity = "health"
	// EntityIngress is the Envoy that serves gateways.
	EntityIngress Entity = "ingress"
	// EntityWorld is everything outside the cluster.
	EntityWorld Entity = "world"
)
