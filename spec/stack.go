package spec

// Stack is one stack file: everything that is to be known of one cluster.
type Stack struct {
	// Name is the stack's name, from the file name Pulumi.NAME.yaml or as the engine gives it.
	Name string `json:"-"`
	// Cluster is the cluster as a whole: its name, domain, versions and API server.
	Cluster Cluster `json:"cluster" required:"true"`
	// Network is the networks that nodes, pods and services live in.
	Network Network `json:"network" required:"true"`
	// NodeDefaults holds settings for every node. What a node sets itself replaces the default as a
	// whole; only the maps (labels, annotations, sysctls, sysfs, kubeletArgs) are merged key by key.
	NodeDefaults NodeSettings `json:"nodeDefaults,omitzero"`
	// Nodes is the machines, one entry each.
	Nodes []Node `json:"nodes" required:"true" min:"1" example:"[{ name: cp-1, role: controlPlane, address: 10.0.50.11, interface: enp1s0, installDisk: { serial: S64DNE0R500211K } }]"`
	// Cilium is the pod network, the load balancer and the Gateway API.
	Cilium Cilium `json:"cilium,omitzero"`
	// Flux is the Git repository that owns the cluster's content after bootstrap.
	Flux Flux `json:"flux" required:"true"`
	// Storage is what keeps data over the loss of a node.
	Storage Storage `json:"storage,omitzero"`
	// Edge is how the outside reaches the cluster: tunnel, DNS, gateways, certificates.
	Edge Edge `json:"edge,omitzero"`
	// Secrets is where the cluster's secrets come from.
	Secrets Secrets `json:"secrets,omitzero"`
	// Versions overrides the tested version of any chart or component; see versions.yaml for the defaults.
	Versions Versions `json:"versions,omitzero"`

	// secretKeys holds the Pulumi secrets that the stack has in keys of their own.
	secretKeys map[string]bool
	// source remembers where each value was written.
	source *source
}

// Namespace is the part in front of the colon of the configuration keys that the program reads, whatever the project is called
// in Pulumi.yaml.
const Namespace = "home-ops"
