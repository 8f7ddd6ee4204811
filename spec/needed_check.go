package spec

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// needed checks the services that nodes or this program need before the cluster can serve anything: one at an address
// that the cluster itself gives away waits for itself.
func (c *checker) needed() {
	c.eachNode(func(at *field.Path, n *Node) {
		if authority, _, ok := strings.Cut(n.Installer, "/"); ok {
			host, _, _ := strings.Cut(authority, ":")
			c.neededHost(at.Child("installer"), host, "the node's image comes from it")
		}
		c.neededKeys(at.Child("encryption", "state"), n.Encryption.State)
		c.neededKeys(at.Child("encryption", "ephemeral"), n.Encryption.Ephemeral)
		for i, v := range n.UserVolumes {
			c.neededKeys(at.Child("userVolumes").Index(i).Child("encryption"), v.Encryption)
		}
		for i, v := range n.RawVolumes {
			c.neededKeys(at.Child("rawVolumes").Index(i).Child("encryption"), v.Encryption)
		}
	})
	cl := c.s.Cluster
	if host, _, _ := strings.Cut(cl.ImageFactory, ":"); host != "" {
		c.neededHost(field.NewPath("cluster", "imageFactory"), host, "the nodes' images come from it")
	}
	if cl.Discovery.Enabled {
		c.neededURL(field.NewPath("cluster", "discovery", "serviceEndpoint"), cl.Discovery.ServiceEndpoint, "nodes find each other through it")
	}
	for _, host := range slices.Sorted(maps.Keys(cl.RegistryMirrors)) {
		for i, mirror := range cl.RegistryMirrors[host] {
			c.neededURL(entry(field.NewPath("cluster", "registryMirrors"), host).Index(i), mirror, "images come from it")
		}
	}
	c.neededURL(field.NewPath("flux", "repository"), c.s.Flux.Repository, "everything else in the cluster comes from it")
	if o := c.s.Secrets.OnePassword; o != nil {
		c.neededURL(field.NewPath("secrets", "onePassword", "connectHost"), o.ConnectHost, "this program reads secrets there before there is a cluster")
	}
	if u := c.s.Edge.DNS.UniFi; u != nil {
		c.neededURL(field.NewPath("edge", "dns", "unifi", "url"), u.URL, "it is the gateway's controller")
	}
	if l := c.s.Storage.Longhorn; l != nil && l.Backup != nil {
		const why = "a backup that lies in the cluster is lost with it"
		c.neededURL(field.NewPath("storage", "longhorn", "backup", "endpoint"), l.Backup.Endpoint, why)
		if scheme, rest, ok := strings.Cut(l.Backup.Target, "://"); ok && (scheme == "nfs" || scheme == "cifs") {
			host, _, _ := strings.Cut(rest, map[string]string{"nfs": ":", "cifs": "/"}[scheme])
			c.neededHost(field.NewPath("storage", "longhorn", "backup", "target"), host, why)
		}
	}
	for i, name := range c.s.Network.NTPServers {
		if !parses(name) {
			c.neededHost(field.NewPath("network", "ntpServers").Index(i), name, "certificates are worth nothing without the time")
		}
	}
}

func (c *checker) neededKeys(at *field.Path, v *VolumeEncryption) {
	if v == nil {
		return
	}
	for i, k := range v.Keys {
		c.neededURL(at.Child("keys").Index(i).Child("endpoint"), k.Endpoint, "it unlocks disks before anything runs")
	}
}

func (c *checker) neededURL(at *field.Path, text, why string) {
	if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
		c.neededHost(at, u.Hostname(), why)
	}
}

// neededHost refuses a host that only the running cluster answers for.
func (c *checker) neededHost(at *field.Path, host, why string) {
	if domain := c.s.Cluster.DNSDomain; within(host, "svc."+domain) {
		c.errorf(at, "%s is a service of the cluster itself, and %s", host, why)
		return
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return
	}
	for i, p := range c.s.Cilium.Pools {
		if p.Contains(a) {
			c.errorf(at, "%s lies in cilium.pools[%d] (%s), which the cluster gives away, and %s", a, i, p.Name, why)
			return
		}
	}
	for _, n := range c.s.networks() {
		if !n.ofNodes() && n.prefix.Contains(a) {
			c.errorf(at, "%s lies in %s (%s%s), where packets never leave the cluster, and %s", a, n.path, n.prefix, c.defaultNote(n.path), why)
			return
		}
	}
	if nets := c.s.Network.NodeCIDRs; len(nets) > 0 && !hasFamily(nets, a.Is6()) && !c.anyBad(nodeCIDRs) {
		c.errorf(at, "%s is %s, which no node network is: nodes cannot reach it, and %s", a, familyName(a.Is6()), why)
	}
}
