package spec

// Cluster is the cluster as a whole.
type Cluster struct {
	// Name is the Kubernetes and Talos cluster name: a DNS label, also the context name in kubeconfig and
	// talosconfig. Default: the stack's name.
	Name string `json:"name,omitempty" form:"label" example:"home"`
	// Domain is the DNS domain that the cluster's host names live under, in lower case without a trailing
	// dot. Routes, certificates, split DNS and the webhook use it.
	Domain string `json:"domain" form:"domain" required:"true" example:"example.com"`
	// DNSDomain is the domain of services inside the cluster. Default: cluster.local, which charts assume;
	// change it only before the cluster is made.
	DNSDomain string `json:"dnsDomain,omitempty" form:"domain" example:"cluster.local"`

	// TalosVersion is the Talos release that the nodes install and run, with its leading v.
	TalosVersion Version `json:"talosVersion" required:"true" example:"v1.14.1"`
	// TalosContract is the Talos minor version that the cluster was first made with, for example v1.14. It
	// stays when TalosVersion moves on, so that an upgrade does not silently change generated machine
	// configs (https://www.talos.dev/latest/reference/configuration/overview/).
	TalosContract Version `json:"talosContract" required:"true" example:"v1.14"`
	// KubernetesVersion is the Kubernetes release, with its leading v. Each Talos release supports a range
	// of six minors (https://www.talos.dev/latest/introduction/support-matrix/).
	KubernetesVersion Version `json:"kubernetesVersion" required:"true" example:"v1.36.4"`

	// Endpoint is the https URL of the Kubernetes API, when something other than Talos's virtual address
	// serves it, such as a load balancer on the router. Default: https://VIP:6443, or the address of the only
	// control plane when there is no VIP.
	Endpoint string `json:"endpoint,omitempty" form:"https" example:"https://k8s.example.com:6443"`
	// ServiceAccountIssuer is the https URL that the tokens of pods name as their issuer and audience; nobody has to
	// answer there. Default: the endpoint, as Talos has it. Write the former endpoint here when that changes: the tokens
	// that pods hold stay good, and every API server takes those of the others.
	ServiceAccountIssuer string `json:"serviceAccountIssuer,omitempty" form:"https" example:"https://10.0.50.50:6443"`
	// AllowSchedulingOnControlPlanes lets ordinary pods run on control planes. Default: true when the
	// stack has no workers, because nothing else could run them, else false.
	AllowSchedulingOnControlPlanes bool `json:"allowSchedulingOnControlPlanes,omitempty"`
	// CertSANs are further names and addresses for the certificates of the Kubernetes and Talos APIs. The
	// VIP, the endpoint and the nodes' names and addresses are always included.
	CertSANs []string `json:"certSANs,omitempty" example:"[k8s.example.com]"`

	// TalosCA says which certificate authority issues certificates for the Talos API, and which other one machines accept:
	// by these it is rotated in a running cluster (docs/runbooks/rotate.md).
	TalosCA Authority `json:"talosCA,omitzero"`
	// KubernetesCA says the same of the certificates of the Kubernetes API, its kubelets and its users: this authority is
	// rotated in steps of its own (docs/runbooks/rotate.md).
	KubernetesCA Authority `json:"kubernetesCA,omitzero"`

	// APIServer tunes kube-apiserver.
	APIServer APIServer `json:"apiServer,omitzero"`
	// ControllerManagerArgs are extra flags of kube-controller-manager, without leading dashes.
	ControllerManagerArgs map[string]string `json:"controllerManagerArgs,omitempty"`
	// SchedulerArgs are extra flags of kube-scheduler, without leading dashes.
	SchedulerArgs map[string]string `json:"schedulerArgs,omitempty"`
	// EtcdArgs are extra flags of etcd, without leading dashes.
	EtcdArgs map[string]string `json:"etcdArgs,omitempty"`
	// Discovery tells how nodes find each other before Kubernetes runs.
	Discovery Discovery `json:"discovery,omitzero"`
	// ImageFactory is the host of the image factory that makes the nodes' images. Default: factory.talos.dev.
	ImageFactory string `json:"imageFactory,omitempty" form:"host" example:"factory.talos.dev"`
	// ResetOnDestroy returns a machine to Talos's maintenance mode when its node leaves the stack, or when the
	// stack is destroyed: the configuration and /var are wiped, the installed Talos and user volumes stay. A
	// change works from the next update on. Default: false, a machine that is removed runs on until it is
	// reset by hand. Mind that a renamed node is a removed one.
	ResetOnDestroy bool `json:"resetOnDestroy,omitempty"`
	// Roll is how changes to the machines of a running cluster take turns.
	Roll Roll `json:"roll,omitzero"`
	// RegistryMirrors maps a registry's host to the URLs of mirrors that are asked first, for example
	// docker.io to a pull-through cache. "*" stands for every registry.
	RegistryMirrors map[string][]string `json:"registryMirrors,omitempty"`
	// Registries maps the host of a registry, or of a mirror, to how it is spoken to: who logs in, and how its mirrors
	// are asked.
	Registries map[string]Registry `json:"registries,omitempty"`
}

func (c *Cluster) defaults() {
	c.DNSDomain = "cluster.local"
	c.ImageFactory = "factory.talos.dev"
}

// APIServer tunes kube-apiserver.
type APIServer struct {
	// Audit writes an audit log of requests at metadata level. Default: true, as Talos does; switch it off
	// on small flash disks that wear out.
	Audit bool `json:"audit,omitempty"`
	// PodSecurity is the Pod Security level that namespaces get unless they ask for another. Default:
	// baseline, as Talos does.
	PodSecurity PodSecurityLevel `json:"podSecurity,omitempty"`
	// PodSecurityExemptNamespaces are never checked. Default: kube-system.
	PodSecurityExemptNamespaces []string `json:"podSecurityExemptNamespaces,omitempty" form:"label"`
	// OIDC lets people log in to kubectl through an identity provider.
	OIDC *OIDC `json:"oidc,omitempty"`
	// ExtraArgs are further flags of kube-apiserver, without leading dashes. Flags that the stack file sets by
	// other keys are refused here.
	ExtraArgs map[string]string `json:"extraArgs,omitempty"`
}

func (a *APIServer) defaults() {
	a.Audit = true
	a.PodSecurity = PodSecurityBaseline
	a.PodSecurityExemptNamespaces = []string{"kube-system"}
}

// PodSecurityLevel is a level of the Pod Security standards
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
type PodSecurityLevel string

// The levels, from the most to the least permissive.
const (
	PodSecurityPrivileged PodSecurityLevel = "privileged"
	PodSecurityBaseline   PodSecurityLevel = "baseline"
	PodSecurityRestricted PodSecurityLevel = "restricted"
)

// Values lists the allowed levels.
func (PodSecurityLevel) Values() []string { return []string{"privileged", "baseline", "restricted"} }

// OIDC is the identity provider of kube-apiserver
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens).
type OIDC struct {
	// IssuerURL is the provider's https address, exactly as its tokens name it.
	IssuerURL string `json:"issuerURL" form:"https" required:"true" example:"https://id.example.com"`
	// ClientID is the audience that tokens must be made for.
	ClientID string `json:"clientID" required:"true" example:"kubernetes"`
	// UsernameClaim is the token field that names the user. Default: email.
	UsernameClaim string `json:"usernameClaim,omitempty"`
	// UsernamePrefix keeps users apart from Kubernetes's own. Default: "oidc:".
	UsernamePrefix string `json:"usernamePrefix,omitempty"`
	// GroupsClaim is the token field that lists groups. Default: groups.
	GroupsClaim string `json:"groupsClaim,omitempty"`
	// GroupsPrefix keeps groups apart from Kubernetes's own. Default: "oidc:".
	GroupsPrefix string `json:"groupsPrefix,omitempty"`
}

func (o *OIDC) defaults() {
	o.UsernameClaim, o.UsernamePrefix = "email", "oidc:"
	o.GroupsClaim, o.GroupsPrefix = "groups", "oidc:"
}

// Discovery tells how nodes find each other before Kubernetes runs
// (https://www.talos.dev/latest/talos-guides/discovery/).
type Discovery struct {
	// Enabled publishes the nodes' addresses, encrypted, for each other. Default: true.
	Enabled bool `json:"enabled,omitempty"`
	// ServiceEndpoint is the discovery service. Default: https://discovery.talos.dev/, Sidero Labs' public one,
	// which sees only encrypted data.
	ServiceEndpoint string `json:"serviceEndpoint,omitempty" form:"https" example:"https://discovery.talos.dev/"`
}

func (d *Discovery) defaults() {
	d.Enabled = true
	d.ServiceEndpoint = "https://discovery.talos.dev/"
}
