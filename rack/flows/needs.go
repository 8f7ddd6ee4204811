package flows

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/spec"
)

// Wanted are the flows that must pass, from what is in the cluster.
func (c *Cluster) Wanted() []Flow {
	var l list
	for _, derive := range []func(*list){
		c.dns, c.api, c.probes, c.routes, c.scrapes, c.calls, c.balanced, c.urls, c.store, c.movers, c.parts, c.teams, c.nodes,
	} {
		derive(&l)
	}
	return l.all
}

// resolvers are the cluster's DNS servers.
func (c *Cluster) resolvers() []*Pod { return c.pods("kube-system", "k8s-app=kube-dns") }

// dns lets every pod ask cluster DNS, unless it says that it asks somebody else.
func (c *Cluster) dns(l *list) {
	for _, p := range c.Pods {
		if p.Spec.HostNetwork || p.Spec.DNSPolicy == corev1.DNSDefault || p.Spec.DNSPolicy == corev1.DNSNone {
			continue
		}
		for _, server := range c.resolvers() {
			l.need(End{Pod: p}, dns(server.ends()...), "every pod asks cluster DNS")
			l.need(End{Pod: p}, tcp(53, server.ends()...), "long answers of cluster DNS come over TCP")
		}
	}
	for _, server := range c.resolvers() {
		for _, outside := range c.upstreams() {
			l.need(End{Pod: server}, dns(outside), "cluster DNS asks the outside about all other names")
			l.need(End{Pod: server}, tcp(53, outside), "cluster DNS asks the outside about all other names")
		}
		// Programs on the nodes' own network that look for Services.
		for _, node := range []End{ownNode, otherNode} {
			l.need(node, dns(server.ends()...), "pods on the host's network ask cluster DNS")
		}
	}
}

// upstreams are the DNS servers outside.
func (c *Cluster) upstreams() []End {
	var ends []End
	for _, address := range c.Stack.Network.DNSServers {
		ends = append(ends, End{Address: address, called: "the DNS server outside"})
	}
	if len(ends) == 0 {
		ends = append(ends, c.router()...)
	}
	return ends
}

// api lets every pod that has a token ask the API server. A pod is given one unless it, or its account, says that it
// needs none; the default account may do nothing with it.
func (c *Cluster) api(l *list) {
	for _, p := range c.Pods {
		if !p.Spec.HostNetwork && c.hasToken(p) {
			l.need(End{Pod: p}, tcp(apiPort, otherControlPlane, ownControlPlane), "it has a service account of its own")
		}
	}
}

func (c *Cluster) hasToken(p *Pod) bool {
	if p.Spec.AutomountServiceAccountToken != nil {
		return *p.Spec.AutomountServiceAccountToken
	}
	return p.Spec.ServiceAccountName != "default"
}

// probes lets the kubelet ask after each pod on its own node.
func (c *Cluster) probes(l *list) {
	for _, p := range c.Pods {
		if p.Spec.HostNetwork {
			continue
		}
		for _, container := range p.Spec.Containers {
			for _, probe := range []*corev1.Probe{container.ReadinessProbe, container.LivenessProbe, container.StartupProbe} {
				if port := p.probed(probe); port != 0 {
					l.need(ownNode, tcp(port, End{Pod: p}), "the kubelet probes it")
				}
			}
		}
	}
}

// probed is the port that a probe asks, or 0.
func (p *Pod) probed(probe *corev1.Probe) uint16 {
	if probe == nil {
		return 0
	}
	switch {
	case probe.HTTPGet != nil:
		number, _ := resolve(p, corev1.ServicePort{TargetPort: probe.HTTPGet.Port})
		return number
	case probe.TCPSocket != nil:
		number, _ := resolve(p, corev1.ServicePort{TargetPort: probe.TCPSocket.Port})
		return number
	case probe.GRPC != nil:
		return uint16(probe.GRPC.Port)
	}
	return 0
}

// balanced lets the home reach what has an address for it.
func (c *Cluster) balanced(l *list) {
	for _, s := range c.Services {
		if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		for _, port := range s.Spec.Ports {
			for _, to := range c.backends(s, port) {
				for _, from := range append(c.home(), otherNode) {
					l.need(from, to, "the Service "+s.Namespace+"/"+s.Name+" has an address in the home network")
				}
			}
		}
	}
}

// teams lets the apps of a team reach each other.
func (c *Cluster) teams(l *list) {
	for _, from := range c.Pods {
		if !c.isTenant(from.Namespace) || from.Spec.HostNetwork {
			continue
		}
		for _, to := range c.pods(from.Namespace) {
			for _, port := range to.listens() {
				l.need(End{Pod: from}, target{to.ends(), port.protocol, port.number}, "apps of a team reach each other")
			}
		}
	}
}

// nodes lets the machines' own services reach each other: policies hold for them where the host firewall is on.
func (c *Cluster) nodes(l *list) {
	for _, port := range []uint16{2379, 2380} {
		l.need(ownNode, tcp(port, otherNode), "members of etcd reach each other")
		l.need(otherNode, tcp(port, ownNode), "members of etcd reach each other")
	}
	for _, from := range []End{otherNode, otherControlPlane} {
		l.need(from, tcp(kubeletPort, ownNode), "the API server asks kubelets")
		l.need(from, tcp(apiPort, ownNode), "nodes ask the API server")
	}
	if bgp := c.Stack.Cilium.BGP; bgp != nil {
		for _, peer := range bgp.Peers {
			router := End{Address: peer.Address, called: "the router " + peer.Name}
			l.need(ownNode, tcp(179, router), "BGP announces addresses")
			l.need(router, tcp(179, ownNode), "BGP announces addresses")
		}
	}
}

// Ports that are fixed.
const (
	kubeletPort = 10250
	// talosPort is apid's.
	talosPort = 50000
)

var apiPort = mustPort(spec.APIPort)
