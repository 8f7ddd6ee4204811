package spec

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// endpoint checks the address of the Kubernetes API and the names in its certificate.
func (c *checker) endpoint() {
	cl := c.s.Cluster
	if cl.Endpoint != "" {
		path := field.NewPath("cluster", "endpoint")
		u, ok := c.url(path, cl.Endpoint, "https")
		if ok {
			if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
				c.errorf(path, "%q has a path; the Kubernetes API is at the root", cl.Endpoint)
			}
			if u.Port() == "" {
				c.errorf(path, "%q has no port, which Talos wants: write https://%s:6443", cl.Endpoint, u.Host)
			}
			if a, err := netip.ParseAddr(u.Hostname()); err == nil {
				c.endpointAddress(path, a)
				c.endpointListens(path, a, u.Port())
			} else {
				c.neededHost(path, u.Hostname(), "nodes need the API before the cluster can serve it")
			}
		}
	}
	if cl.ServiceAccountIssuer != "" {
		c.url(field.NewPath("cluster", "serviceAccountIssuer"), cl.ServiceAccountIssuer, "https")
	}
	seen := map[string]int{}
	for i, san := range cl.CertSANs {
		path := field.NewPath("cluster", "certSANs").Index(i)
		if !parses(san) && !isDomain(strings.TrimPrefix(san, "*.")) {
			c.errorf(path, "%q is neither a DNS name nor an address", san)
		}
		if first, ok := seen[san]; ok {
			c.errorf(path, "%s is already certSANs[%d]", san, first)
		}
		seen[san] = i
	}
}

func (c *checker) endpointAddress(path *field.Path, a netip.Addr) {
	for i, p := range c.s.Cilium.Pools {
		if p.Contains(a) {
			c.errorf(path, "%s lies in cilium.pools[%d] (%s): the nodes need the API before the cluster can serve that address", a, i, p.Name)
		}
	}
	for i, n := range c.s.Nodes {
		if !slices.Contains(n.Addresses(), a) {
			continue
		}
		if !n.IsControlPlane() {
			c.errorf(path, "%s is %s (%s), a worker, where no Kubernetes API runs", a, nodePath(i), n.Name)
		} else if len(c.s.ControlPlanes()) > 1 {
			c.warnf(path, "%s is one of %d control planes: without it no one reaches the others; use network.vip", a, len(c.s.ControlPlanes()))
		}
	}
}

var (
	ownedAPIServerArgs = map[string]string{
		"service-cluster-ip-range": "network.serviceCIDRs", "advertise-address": "Talos", "bind-address": "Talos",
		"secure-port": "Talos", "etcd-servers": "Talos", "etcd-cafile": "Talos", "etcd-certfile": "Talos", "etcd-keyfile": "Talos",
		"client-ca-file": "Talos", "tls-cert-file": "Talos", "tls-private-key-file": "Talos",
		"service-account-issuer": "cluster.serviceAccountIssuer", "api-audiences": "cluster.serviceAccountIssuer",
		"service-account-key-file": "Talos", "service-account-signing-key-file": "Talos", "encryption-provider-config": "Talos",
		"audit-policy-file": "cluster.apiServer.audit", "audit-log-path": "cluster.apiServer.audit",
		"admission-control-config-file": "cluster.apiServer.podSecurity",
		"oidc-issuer-url":               "cluster.apiServer.oidc", "oidc-client-id": "cluster.apiServer.oidc",
		"oidc-username-claim": "cluster.apiServer.oidc", "oidc-username-prefix": "cluster.apiServer.oidc",
		"oidc-groups-claim": "cluster.apiServer.oidc", "oidc-groups-prefix": "cluster.apiServer.oidc",
	}
	ownedControllerManagerArgs = map[string]string{
		"cluster-cidr": "network.podCIDRs", "service-cluster-ip-range": "network.serviceCIDRs",
		"node-cidr-mask-size": "network.nodeCIDRMaskSize4", "node-cidr-mask-size-ipv4": "network.nodeCIDRMaskSize4",
		"node-cidr-mask-size-ipv6": "network.nodeCIDRMaskSize6", "allocate-node-cidrs": "Talos", "kubeconfig": "Talos",
		"root-ca-file": "Talos", "service-account-private-key-file": "Talos", "cluster-signing-cert-file": "Talos",
		"cluster-signing-key-file": "Talos",
	}
	ownedSchedulerArgs = map[string]string{"kubeconfig": "Talos", "config": "Talos"}
	ownedEtcdArgs      = map[string]string{
		"name": "Talos", "data-dir": "Talos", "initial-cluster": "Talos", "initial-cluster-state": "Talos",
		"listen-peer-urls": "Talos", "listen-client-urls": "Talos", "advertise-client-urls": "Talos",
		"initial-advertise-peer-urls": "Talos", "cert-file": "Talos", "key-file": "Talos", "trusted-ca-file": "Talos",
		"peer-cert-file": "Talos", "peer-key-file": "Talos", "peer-trusted-ca-file": "Talos",
	}
)

// controlPlaneArgs checks the extra flags of the control plane's programs.
func (c *checker) controlPlaneArgs() {
	cl := c.s.Cluster
	c.flags(field.NewPath("cluster", "apiServer", "extraArgs"), cl.APIServer.ExtraArgs, ownedAPIServerArgs)
	c.flags(field.NewPath("cluster", "controllerManagerArgs"), cl.ControllerManagerArgs, ownedControllerManagerArgs)
	c.flags(field.NewPath("cluster", "schedulerArgs"), cl.SchedulerArgs, ownedSchedulerArgs)
	c.flags(field.NewPath("cluster", "etcdArgs"), cl.EtcdArgs, ownedEtcdArgs)
	c.flagValues("kube-apiserver")(field.NewPath("cluster", "apiServer", "extraArgs"), cl.APIServer.ExtraArgs)
	c.flagValues("kube-controller-manager")(field.NewPath("cluster", "controllerManagerArgs"), cl.ControllerManagerArgs)
	c.flagValues("kube-scheduler")(field.NewPath("cluster", "schedulerArgs"), cl.SchedulerArgs)
	c.flagValues("etcd")(field.NewPath("cluster", "etcdArgs"), cl.EtcdArgs)
	if e := cl.APIServer.PodSecurityExemptNamespaces; !slices.Contains(e, "kube-system") && !slices.ContainsFunc(e, func(n string) bool { return !isLabel(n) }) {
		c.errorf(field.NewPath("cluster", "apiServer", "podSecurityExemptNamespaces"), "lacks kube-system, where Cilium runs with rights that %s forbids: it would not start", cl.APIServer.PodSecurity)
	}
	if d := cl.Discovery; d.Enabled && d.ServiceEndpoint != "" {
		if u, ok := c.url(field.NewPath("cluster", "discovery", "serviceEndpoint"), d.ServiceEndpoint, "https"); ok && u.Path != "" && u.Path != "/" {
			c.errorf(field.NewPath("cluster", "discovery", "serviceEndpoint"), "%q has a path, which Talos refuses", d.ServiceEndpoint)
		}
	}
}

// oidc checks the identity provider of the API server.
func (c *checker) oidc() {
	o := c.s.Cluster.APIServer.OIDC
	if o == nil {
		return
	}
	path := field.NewPath("cluster", "apiServer", "oidc")
	if o.IssuerURL != "" {
		if u, ok := c.url(path.Child("issuerURL"), o.IssuerURL, "https"); ok && (u.RawQuery != "" || u.Fragment != "") {
			c.errorf(path.Child("issuerURL"), "%q has a query or fragment, which no issuer has", o.IssuerURL)
		}
	}
	if o.UsernamePrefix == "-" || o.UsernamePrefix == "" {
		c.warnf(path.Child("usernamePrefix"), "without a prefix a user of the identity provider can have the name of one of Kubernetes's own")
	}
	if o.GroupsPrefix == "" && o.GroupsClaim != "" {
		c.warnf(path.Child("groupsPrefix"), "without a prefix a group of the identity provider can be called system:masters, which may do everything")
	}
}

// registries checks the image mirrors.
func (c *checker) registries() {
	for _, host := range slices.Sorted(maps.Keys(c.s.Cluster.RegistryMirrors)) {
		path := entry(field.NewPath("cluster", "registryMirrors"), host)
		if host != "*" && !hostName.MatchString(host) {
			c.errorf(path, "%q is not the host of a registry, such as docker.io", host)
		}
		if len(c.s.Cluster.RegistryMirrors[host]) == 0 {
			c.errorf(path, "has no mirrors: give URLs, or remove the entry")
		}
		for i, mirror := range c.s.Cluster.RegistryMirrors[host] {
			c.url(path.Index(i), mirror, "https", "http")
		}
	}
}
