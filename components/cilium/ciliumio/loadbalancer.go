package ciliumio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LoadBalancerIPPool holds addresses for Services of type LoadBalancer
// (https://docs.cilium.io/en/stable/network/lb-ipam/).
type LoadBalancerIPPool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              LoadBalancerIPPoolSpec `json:"spec"`
}

// LoadBalancerIPPoolSpec says which addresses, and for whom.
type LoadBalancerIPPoolSpec struct {
	// ServiceSelector chooses the Services; nil is all of them.
	ServiceSelector *metav1.LabelSelector `json:"serviceSelector,omitempty"`
	// AllowFirstLastIPs is "Yes" or "No", for blocks that are written as CIDRs.
	AllowFirstLastIPs string `json:"allowFirstLastIPs,omitempty"`
	// Blocks are the addresses.
	Blocks []IPBlock `json:"blocks"`
}

// IPBlock is a CIDR, or a first and last address. Without Stop it is one address.
type IPBlock struct {
	CIDR  string `json:"cidr,omitempty"`
	Start string `json:"start,omitempty"`
	Stop  string `json:"stop,omitempty"`
}

// L2AnnouncementPolicy lets nodes answer ARP and neighbour discovery for the
// addresses of Services (https://docs.cilium.io/en/stable/network/l2-announcements/).
type L2AnnouncementPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              L2AnnouncementPolicySpec `json:"spec"`
}

// L2AnnouncementPolicySpec says which nodes answer for which Services.
type L2AnnouncementPolicySpec struct {
	// ServiceSelector chooses the Services; nil is all of them.
	ServiceSelector *metav1.LabelSelector `json:"serviceSelector,omitempty"`
	// NodeSelector chooses the nodes; nil is all of them.
	NodeSelector *metav1.LabelSelector `json:"nodeSelector,omitempty"`
	// Interfaces are regular expressions; none is all interfaces.
	Interfaces []string `json:"interfaces,omitempty"`
	// LoadBalancerIPs answers for addresses out of pools.
	LoadBalancerIPs bool `json:"loadBalancerIPs"`
	// ExternalIPs answers for addresses that a Service names itself.
	ExternalIPs bool `json:"externalIPs"`
}
