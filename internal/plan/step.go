package plan

import (
	"strings"
	"time"
)

// Steps is what one component puts into the cluster, in the order in which a person
// would read it. What waits for what is said by each step.
type Steps []Step

// Step is one thing in the cluster, and one resource in Pulumi. It has an Object, a
// Release, or a Download.
type Step struct {
	// Name identifies the step in its plan. The resource in Pulumi is called
	// COMPONENT-NAME: another name would replace what is in the cluster.
	Name string

	// Object is a Kubernetes object of the ecosystem's own Go type, with its apiVersion,
	// kind and name.
	Object any
	// Release is a Helm release.
	Release *Release
	// Download is a manifest that is fetched when the program runs. [Steps.Expand] puts
	// its objects in its place.
	Download *Download

	// From are the values that others produce: secrets, above all.
	From []From
	// After names the steps of the same plan that come first.
	After []string
	// Needs are what must hold before that other components bring about.
	Needs []Condition
	// Keep says what becomes of the thing when its step goes. Default: it is deleted.
	Keep Keep
	// Timeout is how long Pulumi waits for an object to be ready. Default: the
	// provider's, 10m for most kinds. A release has a timeout of its own.
	Timeout time.Duration
}

// Release is a chart in the cluster.
type Release struct {
	// Name is the release's name in the cluster, and Namespace where it lives.
	Name, Namespace string
	// Chart is what is installed.
	Chart Chart
	// Values are over the chart's own, under the chart's names.
	Values map[string]any
	// Timeout is how long its workloads may take to become ready. Default: Helm's, 5m.
	Timeout time.Duration
}

// Chart is one version of a Helm chart.
type Chart struct {
	// Registry is where the chart is: oci://HOST/PATH, or https://HOST/PATH of a classic
	// repository.
	Registry string
	// Name is the chart's name there.
	Name string
	// Version is exact: without one, every run would install whatever is newest.
	Version string
}

// OCI reports whether the chart is in an OCI registry.
func (c Chart) OCI() bool { return strings.HasPrefix(c.Registry, "oci://") }

// Reference is the chart's address in an OCI registry, or its name in a repository.
func (c Chart) Reference() string {
	if c.OCI() {
		return strings.TrimSuffix(c.Registry, "/") + "/" + c.Name
	}
	return c.Name
}

// String is the chart and its version for a person.
func (c Chart) String() string {
	return strings.TrimSuffix(c.Registry, "/") + "/" + c.Name + " " + c.Version
}

// Download is a manifest of somebody else's.
type Download struct {
	// URL is where it is.
	URL string `json:"url"`
	// Groups are the API groups of which it brings the kinds.
	Groups []string `json:"groups"`
}

// From puts a value that another resource produces into an object, or into the values
// of a release.
type From struct {
	// Path leads from the root to the value: "stringData", "token". Maps on the way are
	// made when they are missing; lists cannot be entered.
	Path []string
	// Value is the name of the value.
	Value string
}

// Condition is something that a step waits for and another component brings about.
type Condition string

// The conditions of a cluster.
const (
	// Network holds when Cilium runs: nodes are Ready and run pods.
	Network Condition = "network"
	// LoadBalancer holds when the pools exist and are announced: a Service of type
	// LoadBalancer gets its address.
	LoadBalancer Condition = "load-balancer"
	// GatewayAPI holds when the kinds of the Gateway API exist.
	GatewayAPI Condition = "gateway-api"
	// Gateways holds when the gateways exist. Their addresses and certificates follow.
	Gateways Condition = "gateways"
	// SecretStore holds when an ExternalSecret is met.
	SecretStore Condition = "secret-store"
	// Repository holds when the Git server lets Flux in.
	Repository Condition = "repository"
)

// Conditions are all that there are.
func Conditions() []Condition {
	return []Condition{Network, LoadBalancer, GatewayAPI, Gateways, SecretStore, Repository}
}

// Keep says what becomes of a thing when its step leaves the plan, or the stack ends.
type Keep string

const (
	// Retain leaves it in the cluster and forgets it.
	Retain Keep = "retain"
	// Protect refuses a run that would delete it; once that is lifted by hand, it is
	// retained.
	Protect Keep = "protect"
)
