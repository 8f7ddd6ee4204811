package flows

import (
	"net/netip"
	"net/url"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// Unwanted are the flows that must be refused. None of them is among those that must pass.
func (c *Cluster) Unwanted(wanted []Flow) []Flow {
	needed := map[string]bool{}
	for _, f := range wanted {
		needed[f.key()] = true
	}
	var l list
	for _, derive := range []func(*list){
		c.tenants, c.strangers, c.vault, c.hubble, c.tunnel, c.lan, c.silent, c.strangersOutside,
	} {
		derive(&l)
	}
	var all []Flow
	for _, f := range l.all {
		if !needed[f.key()] {
			all = append(all, f)
		}
	}
	return all
}

// machines are ports of nodes that give power over them.
var machines = []uint16{apiPort, talosPort, kubeletPort, 2379, 9100}

// apart keeps a pod from the pods of all other namespaces but those that answer everybody.
func (c *Cluster) apart(l *list, p *Pod, why string) {
	for _, other := range c.Pods {
		if other.Namespace == p.Namespace || other.Spec.HostNetwork {
			continue
		}
		for _, port := range other.listens() {
			if !serves(other, port.number) {
				l.refuse(End{Pod: p}, target{other.ends(), port.protocol, port.number}, why)
			}
		}
	}
}

// receiverPort is that of Flux's receivers, which look at a signature
// (https://fluxcd.io/flux/components/notification/receivers/).
const receiverPort = 9292

// serves reports whether a pod answers everybody at a port: DNS servers do, and Flux's receivers, and kube-system, where
// hubble asks about those that do not.
func serves(p *Pod, port uint16) bool {
	if p.Namespace == notification.namespace && p.labelled(notification.labels...) {
		return port == receiverPort
	}
	return p.Namespace == "kube-system" || p.labelled(k8sGateway.labels...)
}

type listener struct {
	number   uint16
	protocol string
}

// listens are the ports that a pod declares, and that of a database, which it may have.
func (p *Pod) listens() []listener {
	all := []listener{{databasePort, "TCP"}}
	for _, container := range p.containers() {
		for _, port := range container.Ports {
			all = append(all, listener{uint16(port.ContainerPort), protocolOf(port.Protocol)})
		}
	}
	return all
}

// databasePort is PostgreSQL's.
const databasePort = 5432

// stranger is an app that no policy knows: it stands for every app that will be added.
func (c *Cluster) stranger() *Pod {
	const namespace = "an-app-of-tomorrow"
	c.Namespaces[namespace] = map[string]string{corev1.LabelMetadataName: namespace}
	return &Pod{Namespace: namespace, Name: "app", Labels: map[string]string{"app": "app"}, Spec: corev1.PodSpec{ServiceAccountName: "default"}}
}

// impostor is an app that calls itself Prometheus, which reaches every port, and Hubble's UI: that is for a namespace to say.
func (c *Cluster) impostor() *Pod {
	app := c.stranger()
	app.Name, app.Labels = "impostor", map[string]string{"app.kubernetes.io/name": "prometheus", "k8s-app": "hubble-ui"}
	return app
}

// strangers keeps an app from others' pods, its database from them, and both from nodes.
func (c *Cluster) strangers(l *list) {
	app := c.stranger()
	c.apart(l, app, "an app reaches no other, nor its database")
	c.apart(l, c.impostor(), "an app reaches no other, whatever it calls itself")
	for _, other := range c.Pods {
		if other.Spec.HostNetwork || slices.Contains(c.scrapers(), other) {
			// Prometheus reaches every port: nobody knows ahead where an app has its metrics.
			continue
		}
		l.refuse(End{Pod: other}, tcp(databasePort, End{Pod: app}), "an app's database is its own")
	}
	for _, port := range machines {
		if port != apiPort {
			l.refuse(End{Pod: app}, tcp(port, ownNode, otherNode, ownControlPlane, otherControlPlane), "an app reaches no node")
		}
	}
}

// owners reports whether a namespace is left out of the baseline, and its policies are not this project's.
func (c *Cluster) owners(namespace string) bool {
	switch namespace {
	case cloudflared.namespace, source.namespace, cephNamespace:
		return false
	}
	return namespace == "kube-system" || c.Namespaces[namespace][labels.NetworkPolicy] == labels.NetworkPolicyOwn
}

// vault keeps everybody but External Secrets from Connect.
func (c *Cluster) vault(l *list) {
	for _, server := range c.pods(connect.namespace, connect.labels...) {
		to := tcp(8080, End{Pod: server})
		why := "Connect answers External Secrets alone"
		for _, p := range c.Pods {
			if p.Spec.HostNetwork || slices.Contains(c.operators(), p) {
				continue
			}
			l.refuse(End{Pod: p}, to, why)
		}
		for _, from := range append([]End{gateway, otherNode, otherControlPlane}, c.anywhere()...) {
			l.refuse(from, to, why)
		}
	}
}

// hubble keeps everybody from Hubble's relay, which tells every flow of the cluster to whoever asks, and from its UI, which
// asks it for whoever looks. Gateways reach the UI, whether or not a route leads there.
func (c *Cluster) hubble(l *list) {
	for _, p := range c.pods(hubbleRelay.namespace, hubbleRelay.labels...) {
		c.alone(l, p, "Hubble's relay answers its UI alone", gateway)
	}
	for _, p := range c.pods(hubbleUI.namespace, hubbleUI.labels...) {
		c.alone(l, p, "Hubble's UI answers gateways alone")
	}
}

// alone keeps every pod from all ports of one, its own namespace's as well, and so nodes, what is outside, and more that is named.
func (c *Cluster) alone(l *list, server *Pod, why string, more ...End) {
	for _, port := range server.listens() {
		to := target{server.ends(), port.protocol, port.number}
		for _, p := range append([]*Pod{c.stranger(), c.impostor()}, c.Pods...) {
			if !p.Spec.HostNetwork {
				l.refuse(End{Pod: p}, to, why)
			}
		}
		for _, from := range slices.Concat(more, []End{otherNode, otherControlPlane}, c.anywhere()) {
			l.refuse(from, to, why)
		}
	}
}

// tunnel keeps the connector, whose configuration is changed at Cloudflare, from the home, the nodes and the API.
func (c *Cluster) tunnel(l *list) {
	why := "who changes the tunnel at Cloudflare must not come further"
	for _, connector := range c.connectors() {
		for _, port := range []uint16{22, 443, 7844, apiPort} {
			l.refuse(End{Pod: connector}, tcp(port, c.home()...), why)
		}
		for _, port := range machines {
			l.refuse(End{Pod: connector}, tcp(port, ownNode, otherNode, ownControlPlane, otherControlPlane), why)
		}
		l.refuse(End{Pod: connector}, tcp(443, c.internet()...), why)
		for _, p := range c.Pods {
			if p.Spec.HostNetwork || p.Namespace == connector.Namespace || c.Namespaces[p.Namespace][labels.ExternalGateway] == "true" {
				continue
			}
			for _, port := range p.listens() {
				l.refuse(End{Pod: connector}, target{p.ends(), port.protocol, port.number}, why)
			}
		}
	}
}

// lan keeps pods from the home network where nothing says that they go there.
func (c *Cluster) lan(l *list) {
	for _, p := range append([]*Pod{c.stranger()}, c.Pods...) {
		if p.Spec.HostNetwork || c.owners(p.Namespace) || c.goesHome(p) {
			continue
		}
		for _, port := range []uint16{22, 443} {
			l.refuse(End{Pod: p}, tcp(port, c.home()...), "pods reach the home network where it is said, and not else")
		}
	}
}

// silent keeps the sample app, which calls nobody, from doing so.
func (c *Cluster) silent(l *list) {
	for _, p := range c.pods("echo", nameLabel+"echo") {
		l.refuse(End{Pod: p}, tcp(443, c.internet()...), "the sample app calls nobody")
		l.refuse(End{Pod: p}, tcp(apiPort, ownControlPlane, otherControlPlane), "the sample app calls nobody")
	}
}

// goesHome reports whether a pod's storage, its server or its owner may be in the home.
func (c *Cluster) goesHome(p *Pod) bool {
	switch p.Namespace {
	case etcdBackup.namespace, longhorn.namespace:
		return true
	case source.namespace, cephNamespace:
		// Flux's own policies let it out, to a Git server in the home as well, and whoever has its rights needs no network for
		// more. Ceph's daemons are kept from nobody that they call.
		return true
	case externalDNS.namespace:
		// The controller's policy has its address alone, where the stack file has it.
		return p.labelled(externalDNS.labels...) && unifiByName(c.Stack)
	case "external-secrets":
		return !connectInCluster(c.Stack) && slices.Contains(c.operators(), p)
	}
	return p.Namespace == alertmanager.namespace && (p.labelled(alertmanager.labels...) || p.labelled(blackbox.labels...))
}

// unifiByName reports whether the UniFi controller is at a name, which may have any address of the home.
func unifiByName(stack *spec.Stack) bool {
	if stack.Edge.DNS.UniFi == nil {
		return false
	}
	at, err := url.Parse(stack.Edge.DNS.UniFi.URL)
	if err != nil {
		return true
	}
	_, err = netip.ParseAddr(at.Hostname())
	return err != nil
}

func connectInCluster(stack *spec.Stack) bool {
	return stack.Secrets.OnePassword == nil || stack.Secrets.OnePassword.ConnectHost == ""
}

// strangersOutside keeps the internet from pods, nodes and, where the public comes by a tunnel or not at all, gateways.
func (c *Cluster) strangersOutside(l *list) {
	for _, from := range c.internet() {
		if c.Stack.Edge.Exposure != spec.ExposureDirect && len(c.Others["Gateway.gateway.networking.k8s.io"]) > 0 {
			l.refuse(from, tcp(443, gateway), "the internet reaches no gateway of the home")
		}
		for _, p := range c.Pods {
			if p.Spec.HostNetwork || c.owners(p.Namespace) {
				continue
			}
			for _, port := range p.listens() {
				l.refuse(from, target{p.ends(), port.protocol, port.number}, "the internet reaches no pod")
			}
		}
	}
}
