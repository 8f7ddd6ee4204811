package main

import "encoding/json"

// question is what is asked; the package rack/flows writes it.
type question struct {
	// Cluster is Cilium's name of the cluster, which is in every pod's labels.
	Cluster string `json:"cluster"`
	// IPv4 and IPv6 are the families of the pod network: they decide what the outside is called.
	IPv4 bool `json:"ipv4"`
	IPv6 bool `json:"ipv6"`
	// HostFirewall says that policies hold for nodes too.
	HostFirewall bool `json:"hostFirewall"`
	// Namespaces are their labels by name.
	Namespaces map[string]map[string]string `json:"namespaces"`
	// Policies are the objects: NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy.
	Policies []json.RawMessage `json:"policies"`
	Ends     []end             `json:"ends"`
	Flows    []flow            `json:"flows"`
}

// end is one end of flows: a pod, or an address outside, or one of Cilium's entities.
type end struct {
	Name string `json:"name"`
	// Namespace, Labels and ServiceAccount are a pod's.
	Namespace      string            `json:"namespace,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	ServiceAccount string            `json:"serviceAccount,omitempty"`
	// Address lies outside the cluster.
	Address string `json:"address,omitempty"`
	// Entities are the reserved labels of what is neither: host, remote-node, kube-apiserver, ingress.
	Entities []string `json:"entities,omitempty"`
	// TCP and UDP are the pod's named ports.
	TCP map[string]uint16 `json:"tcp,omitempty"`
	UDP map[string]uint16 `json:"udp,omitempty"`
}

// flow is a connection that From opens.
type flow struct {
	From int `json:"from"`
	To   int `json:"to"`
	// Protocol is TCP or UDP.
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port"`
}

// answers are what the engine writes.
type answers struct {
	// Cilium is the version of the engine, with its leading v.
	Cilium   string    `json:"cilium"`
	Verdicts []verdict `json:"verdicts"`
}

// verdict answers one flow.
type verdict struct {
	Egress  half `json:"egress"`
	Ingress half `json:"ingress"`
}

// half is what one of the two ends says.
type half struct {
	Allowed bool `json:"allowed"`
	// Policies are those that decide, as KIND NAME or KIND NAMESPACE/NAME: those with the rule that matched, or, where
	// nothing matched, those that put the end into default deny. Empty when no policy chooses the end.
	Policies []string `json:"policies,omitempty"`
}
