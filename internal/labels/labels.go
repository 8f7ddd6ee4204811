// Package labels names the labels by which parts of the cluster that do not know
// each other agree: one component sets what another selects by.
package labels

const (
	// Pool on a Service of type LoadBalancer asks for an address out of the pools
	// of that purpose. A Gateway passes it on to its Service when it stands under
	// spec.infrastructure.labels.
	Pool = "home-ops.github.io/pool"
	// PoolGateways is the value of Pool for the gateways and the split-DNS server.
	PoolGateways = "gateways"

	// Announce on a Service says whether BGP announces its addresses. Default: yes.
	Announce = "home-ops.github.io/announce"
	// AnnounceNever is the value of Announce that keeps them to the cluster.
	AnnounceNever = "never"

	// NetworkPolicy on a Namespace says who writes its network policies.
	NetworkPolicy = "home-ops.github.io/network-policy"
	// NetworkPolicyOwn is the value of NetworkPolicy for a namespace that brings
	// its own, or wants none: the cluster-wide baseline leaves it alone.
	NetworkPolicyOwn = "own"
	// Scraper on a Namespace, with the value "true", lets its Prometheus reach the pods
	// of every other namespace, for their metrics.
	Scraper = "home-ops.github.io/scraper"
	// Prometheus is the value of app.kubernetes.io/name on the pods that scrape, by
	// Prometheus' operator.
	Prometheus = "prometheus"

	// ExternalGateway on a Namespace, with the value "true", lets its routes attach to
	// the external gateway, which the internet can reach.
	ExternalGateway = "gateway.home-ops.io/external"

	// Needs is an annotation that says which parts of the stack file a Kustomization of Flux, or a component
	// of kustomize, cannot do without: secrets.onePassword, storage.defaultClass, and so on, with commas
	// between them.
	Needs = "home-ops.github.io/needs"
)
