package flows

// party is one side of a row: pods, and what they are reached at or reach.
type party struct {
	namespace string
	// labels are KEY=VALUE.
	labels []string
}

// row is a connection that no object of the cluster tells of: programs find each other by their own configuration.
type row struct {
	from party
	to   func(*Cluster) []target
	why  string
}

// parts lets programs reach what they are known to. A row whose pods are not there asks nothing.
func (c *Cluster) parts(l *list) {
	for _, r := range rows {
		for _, p := range c.pods(r.from.namespace, r.from.labels...) {
			if p.Spec.HostNetwork {
				continue
			}
			for _, to := range r.to(c) {
				l.need(End{Pod: p}, to, r.why)
			}
		}
	}
}

const nameLabel = "app.kubernetes.io/name="

// The pods that rows speak of.
var (
	coreDNS       = party{"kube-system", []string{"k8s-app=kube-dns"}}
	cloudflared   = party{"network", []string{nameLabel + "cloudflared"}}
	k8sGateway    = party{"network", []string{nameLabel + "k8s-gateway"}}
	certManager   = party{"cert-manager", []string{nameLabel + "cert-manager", "app.kubernetes.io/component=controller"}}
	connect       = party{"external-secrets", []string{"app=onepassword-connect"}}
	externalDNS   = party{"network", []string{nameLabel + "external-dns"}}
	prometheus    = party{"monitoring", []string{nameLabel + "prometheus"}}
	alertmanager  = party{"monitoring", []string{nameLabel + "alertmanager"}}
	grafana       = party{"monitoring", []string{nameLabel + "grafana"}}
	blackbox      = party{"monitoring", []string{nameLabel + "prometheus-blackbox-exporter"}}
	victoriaLogs  = party{"monitoring", []string{nameLabel + "victoria-logs-single"}}
	stateMetrics  = party{"monitoring", []string{nameLabel + "kube-state-metrics"}}
	metricsServer = party{"system", []string{nameLabel + "metrics-server"}}
	etcdBackup    = party{"etcd-backup", []string{nameLabel + "etcd-backup"}}
	longhorn      = party{"longhorn-system", []string{"app=longhorn-manager"}}
	spegel        = party{"spegel", []string{nameLabel + "spegel"}}
	hubbleRelay   = party{"kube-system", []string{"k8s-app=hubble-relay"}}
	hubbleUI      = party{"kube-system", []string{"k8s-app=hubble-ui"}}
	source        = party{"flux-system", []string{"app=source-controller"}}
	kustomize     = party{"flux-system", []string{"app=kustomize-controller"}}
	helm          = party{"flux-system", []string{"app=helm-controller"}}
	notification  = party{"flux-system", []string{"app=notification-controller"}}
	fluxOperator  = party{"flux-system", []string{nameLabel + "flux-operator"}}
)

// rows are known from the programs' own documentation and from the values that the tree gives them.
var rows = []row{
	{coreDNS, named(k8sGateway, "dns-udp"), "names of the home that cluster DNS is asked for are answered there"},

	{cloudflared, outside("UDP", 7844), "the tunnel's connections go to Cloudflare"},
	{cloudflared, outside("TCP", 7844), "the tunnel's connections go to Cloudflare over HTTP/2"},
	{k8sGateway, where(public, outside("TCP", 853)), "it asks Cloudflare's resolver what the public knows"},
	{externalDNS, where(public, outside("TCP", 443)), "it writes records at Cloudflare"},
	{certManager, outside("TCP", 443), "it asks for certificates"},
	{connect, outside("TCP", 443), "it fetches the vault"},

	{source, outside("TCP", 443), "it fetches the repository and charts"},
	{source, outside("TCP", 22), "it fetches a repository over SSH"},
	{kustomize, at(source, 9090), "it fetches artifacts"},
	{helm, at(source, 9090), "it fetches artifacts"},
	{source, at(notification, 9090), "it sends events"},
	{kustomize, at(notification, 9090), "it sends events"},
	{helm, at(notification, 9090), "it sends events"},
	{notification, outside("TCP", 443), "it sends notifications"},
	{fluxOperator, outside("TCP", 443), "it fetches Flux's manifests"},

	{prometheus, at(alertmanager, 9093), "it sends alerts"},
	{prometheus, at(blackbox, 9115), "it has addresses probed"},
	{prometheus, at(stateMetrics, 8080), "it scrapes the state of objects"},
	{prometheus, at(grafana, 3000), "it scrapes it"},
	{prometheus, at(coreDNS, 9153), "it scrapes cluster DNS"},
	{prometheus, anyNode(2381, 9100, 9962, 9963, 9964, 9965, 10250, 10257, 10259), "it scrapes what runs on nodes"},
	{alertmanager, anywhere(443), "it sends alerts to the owner's address, which may be in the home"},
	{grafana, at(prometheus, 9090), "dashboards ask it"},
	{grafana, at(victoriaLogs, 9428), "dashboards ask for logs"},
	{grafana, at(alertmanager, 9093), "dashboards show alerts"},
	{grafana, outside("TCP", 443), "it fetches dashboards"},
	{blackbox, controlPlanes(apiPort, talosPort), "it probes the APIs"},
	{blackbox, virtual, "it probes the API's virtual address, which is no node's to Cilium"},
	{blackbox, gateways(80, 443), "it probes gateways"},
	{blackbox, named(k8sGateway, "dns-udp"), "it probes the DNS for the home"},

	{metricsServer, anyNode(kubeletPort), "it asks kubelets"},
	{etcdBackup, anyNode(talosPort), "it takes a snapshot of etcd"},
	{etcdBackup, anywhere(443), "it stores the snapshot, which may be in the home"},
	{etcdBackup, anywhere(9000), "it stores the snapshot, which may be in the home"},
	{longhorn, anywhere(9000), "it stores backups, which may be in the home"},
	{longhorn, at(longhorn, 9500), "managers talk to each other"},
	{spegel, at(spegel, 5001), "mirrors find each other's images"},
	{hubbleRelay, anyNode(4244), "it collects flows from agents"},
	{hubbleUI, at(hubbleRelay, 4245), "it shows flows"},
}

// at is a port of pods, of TCP.
func at(p party, port uint16) func(*Cluster) []target {
	return func(c *Cluster) []target {
		var all []target
		for _, pod := range c.pods(p.namespace, p.labels...) {
			all = append(all, target{pod.ends(), "TCP", port})
		}
		return all
	}
}

// named is a port of pods that they give a name: its number is the chart's to choose.
func named(p party, port string) func(*Cluster) []target {
	return func(c *Cluster) []target {
		var all []target
		for _, pod := range c.pods(p.namespace, p.labels...) {
			if number, protocol := pod.port(port); number != 0 {
				all = append(all, target{pod.ends(), protocol, number})
			}
		}
		return all
	}
}

// anyNode is ports of the pod's own node and of others.
func anyNode(ports ...uint16) func(*Cluster) []target {
	return func(*Cluster) []target {
		var all []target
		for _, port := range ports {
			all = append(all, tcp(port, ownNode, otherNode))
		}
		return all
	}
}

// controlPlanes is ports of control planes.
func controlPlanes(ports ...uint16) func(*Cluster) []target {
	return func(*Cluster) []target {
		var all []target
		for _, port := range ports {
			all = append(all, tcp(port, ownControlPlane, otherControlPlane))
		}
		return all
	}
}

// gateways is ports of gateways.
func gateways(ports ...uint16) func(*Cluster) []target {
	return func(*Cluster) []target {
		var all []target
		for _, port := range ports {
			all = append(all, tcp(port, gateway))
		}
		return all
	}
}

// outside is a port of the internet.
func outside(protocol string, port uint16) func(*Cluster) []target {
	return func(c *Cluster) []target { return []target{{c.internet(), protocol, port}} }
}

// anywhere is a TCP port of the internet and of the home.
func anywhere(port uint16) func(*Cluster) []target {
	return func(c *Cluster) []target { return []target{tcp(port, c.anywhere()...)} }
}

func where(holds func(*Cluster) bool, to func(*Cluster) []target) func(*Cluster) []target {
	return func(c *Cluster) []target {
		if !holds(c) {
			return nil
		}
		return to(c)
	}
}

// public reports whether the stack's names are at Cloudflare.
func public(c *Cluster) bool { return c.Stack.Edge.Cloudflare != nil }

// virtual is the API at the address that control planes hand on to each other.
func virtual(c *Cluster) []target {
	if !c.Stack.Network.VIP.IsValid() {
		return nil
	}
	return []target{tcp(apiPort, End{Address: c.Stack.Network.VIP, called: "the API's virtual address"})}
}
