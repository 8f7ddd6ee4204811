package flows

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/home-ops/home-ops/spec"
)

// Wanted are the flows that must pass, from what is in the cluster.
func (c *Cluster) Wanted() []Flow { return c.needs().all }

// Nowhere are the leads to flows that end nowhere, each as a sentence with the reason: a route to a Service without pods, a
// monitor that chooses nothing. No flow is asked for such a one.
func (c *Cluster) Nowhere() []string { return slices.Sorted(slices.Values(c.needs().nowhere)) }

func (c *Cluster) needs() *list {
	l := &list{}
	for _, derive := range []func(*list){
		c.dns, c.api, c.probes, c.routes, c.scrapes, c.calls, c.balanced, c.urls, c.store, c.unifi, c.movers, c.ceph, c.webhook, c.parts, c.teams, c.nodes,
	} {
		derive(l)
	}
	return l
}

// resolvers are the cluster's DNS servers.
func (c *Cluster) resolvers() []*Pod { return c.pods("kube-system", "k8s-app=kube-dns") }

// dns lets every pod ask cluster DNS, unless it says that it asks somebody else.
func (c *Cluster) dns(l *list) {
	if len(c.resolvers()) == 0 {
		l.lost("every pod asks cluster DNS", errors.New("there is no pod of it"))
	}
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
				port, err := p.probed(probe)
				l.lost(p.String()+": the kubelet probes "+container.Name, err)
				if port != 0 {
					l.need(ownNode, tcp(port, End{Pod: p}), "the kubelet probes it")
				}
			}
		}
	}
}

// probed is the port that a probe asks, or 0 where it asks none.
func (p *Pod) probed(probe *corev1.Probe) (uint16, error) {
	var port intstr.IntOrString
	switch {
	case probe == nil:
		return 0, nil
	case probe.HTTPGet != nil:
		port = probe.HTTPGet.Port
	case probe.TCPSocket != nil:
		port = probe.TCPSocket.Port
	case probe.GRPC != nil:
		return uint16(probe.GRPC.Port), nil
	default:
		return 0, nil
	}
	number, _ := resolve(p, corev1.ServicePort{TargetPort: port})
	if number == 0 {
		return 0, fmt.Errorf("it has no port %s", port.String())
	}
	return number, nil
}

// balanced lets the home reach what has an address for it.
func (c *Cluster) balanced(l *list) {
	for _, s := range c.Services {
		if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		for _, port := range s.Spec.Ports {
			why := "the Service " + s.Namespace + "/" + s.Name + " has an address in the home network"
			found, err := c.backends(s, port)
			l.lost(why, err)
			for _, to := range found {
				for _, from := range append(c.home(), otherNode) {
					l.need(from, to, why)
				}
			}
		}
	}
}

// webhook lets a Git server in the cluster send push events to Flux's receivers, where the stack has one.
func (c *Cluster) webhook(l *list) {
	if c.Stack.Flux.Webhook == nil {
		return
	}
	for _, to := range at(notification, receiverPort)(c) {
		l.need(End{Pod: c.stranger()}, to, "a Git server in the cluster sends push events")
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
