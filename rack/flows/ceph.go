package flows

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// cephNamespace is where Rook has Ceph.
const cephNamespace = "rook-ceph"

// daemon is one of Ceph's programs, as Rook runs it: the rack's operator makes its pods without ports, and a plan has none.
type daemon struct {
	kind, account string
	// messages are the ports by which daemons and clients talk to each other; those of all but monitors are the first of a
	// range (https://docs.ceph.com/en/latest/rados/configuration/network-config-ref/).
	messages []int32
	// metrics is the port of the Service that Prometheus looks for, by the name that it has there.
	metrics corev1.ServicePort
}

// daemons are from Rook's own sources (https://github.com/rook/rook/tree/master/pkg/operator/ceph).
var daemons = []daemon{
	{kind: "mon", account: "rook-ceph-default", messages: []int32{3300, 6789}},
	{kind: "mgr", account: "rook-ceph-mgr", messages: []int32{6800}, metrics: corev1.ServicePort{Name: "http-metrics", Port: 9283}},
	{kind: "osd", account: "rook-ceph-osd", messages: []int32{6800}},
	{kind: "mds", account: "rook-ceph-default", messages: []int32{6800}},
	{kind: "exporter", account: "rook-ceph-default", metrics: corev1.ServicePort{Name: "ceph-exporter-http-metrics", Port: 9926}},
}

// buckets is the port of the gateway for S3, where there is one (components/rook).
const buckets = 7480

func (d daemon) pod(onHosts bool) *Pod {
	spec := corev1.PodSpec{ServiceAccountName: d.account, HostNetwork: onHosts}
	container := corev1.Container{Name: d.kind}
	for _, port := range append(d.messages, d.metrics.Port) {
		if port != 0 {
			container.Ports = append(container.Ports, corev1.ContainerPort{ContainerPort: port})
		}
	}
	spec.Containers = []corev1.Container{container}
	return &Pod{Namespace: cephNamespace, Name: "ceph-" + d.kind, Labels: map[string]string{"app": d.app()}, Spec: spec}
}

func (d daemon) app() string { return "rook-ceph-" + d.kind }

// addCeph adds what Rook makes of a CephCluster.
func (c *Cluster) addCeph() {
	clusters := c.Others["CephCluster.ceph.rook.io"]
	if len(clusters) == 0 {
		return
	}
	provider, _, _ := unstructured.NestedString(clusters[0].Object, "spec", "network", "provider")
	onHosts := provider == "host"
	for _, d := range daemons {
		c.Pods = append(c.Pods, d.pod(onHosts))
		if d.metrics.Port != 0 {
			labels := map[string]string{"app": d.app()}
			c.Services = append(c.Services, &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: cephNamespace, Name: d.app(), Labels: labels},
				Spec:       corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{d.metrics}},
			})
		}
	}
	if len(c.Others["CephObjectStore.ceph.rook.io"]) > 0 {
		c.Pods = append(c.Pods, daemon{kind: "rgw", account: "rook-ceph-rgw", messages: []int32{buckets}}.pod(onHosts))
	}
}

// ceph lets Ceph's daemons, its operator and the nodes, which mount volumes, reach each other, and every app the buckets.
func (c *Cluster) ceph(l *list) {
	if len(c.Others["CephCluster.ceph.rook.io"]) == 0 {
		return
	}
	var from []End
	for _, p := range c.pods(cephNamespace) {
		if !p.Spec.HostNetwork {
			from = append(from, End{Pod: p})
		}
	}
	from = append(from, ownNode, otherNode)
	for _, d := range daemons {
		for _, server := range c.pods(cephNamespace, "app="+d.app()) {
			for _, port := range d.messages {
				for _, client := range from {
					l.need(client, tcp(uint16(port), server.ends()...), "Ceph's daemons, operator and clients talk to each other")
				}
			}
		}
	}
	for _, server := range c.pods(cephNamespace, "app=rook-ceph-rgw") {
		for _, app := range append(c.Pods, c.stranger()) {
			if !app.Spec.HostNetwork {
				l.need(End{Pod: app}, tcp(buckets, server.ends()...), "an app keeps buckets, and has a key for its own")
			}
		}
	}
}
