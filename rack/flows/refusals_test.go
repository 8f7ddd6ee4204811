package flows_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestUnwanted_FindsWhatLetsTooMuchThrough adds a policy that lets something through: one flow for each way in which what must
// not be is found.
func TestUnwanted_FindsWhatLetsTooMuchThrough(t *testing.T) {
	const other = `{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}`
	for name, test := range map[string]struct{ stack, namespace, rule, want string }{
		"a team to another one": {
			"home", "demo", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": demo-of-tomorrow}}]}]}`,
			"demo-of-tomorrow/hello to demo/hello, TCP 8080 passes",
		},
		"a team that opens to all, to another one": {
			"home", "demo", `{endpointSelector: {}, ingress: [{fromEndpoints: [` + other + `]}]}`,
			"demo/hello to demo-of-tomorrow/hello, TCP 8080 passes",
		},
		"everybody to Flux's artifacts": {
			"home", "flux-system", `{endpointSelector: {}, ingress: [{fromEndpoints: [` + other + `]}]}`,
			"demo/hello to flux-system/source-controller, TCP 9090 passes",
		},
		"everybody to Flux's events": {
			"home", "flux-system", `{endpointSelector: {}, ingress: [{fromEndpoints: [` + other + `]}]}`,
			"an-app-of-tomorrow/app to flux-system/notification-controller, TCP 9090 passes",
		},
		"everybody to Ceph's monitors": {
			"home", "rook-ceph", `{endpointSelector: {}, ingress: [{fromEndpoints: [` + other + `]}]}`,
			"demo/hello to rook-ceph/ceph-mon, TCP 3300 passes",
		},
		"whoever calls himself Prometheus": {
			"home", "rook-ceph", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}], matchLabels: {"k8s:app.kubernetes.io/name": prometheus}}]}]}`,
			"an-app-of-tomorrow/impostor to rook-ceph/ceph-mgr, TCP 9283 passes",
		},
		"whoever calls himself Hubble's UI": {
			"lab", "kube-system", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}], matchLabels: {"k8s:k8s-app": hubble-ui}}]}]}`,
			"an-app-of-tomorrow/impostor to kube-system/hubble-relay, TCP 4245 passes",
		},
		"a team to Hubble's UI": {
			"home", "kube-system", `{endpointSelector: {}, ingress: [{fromEndpoints: [` + other + `]}]}`,
			"demo/hello to kube-system/hubble-ui, TCP 8081 passes",
		},
		"cluster DNS to Hubble's relay": {
			"home", "kube-system", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}`,
			"kube-system/coredns to kube-system/hubble-relay, TCP 4245 passes",
		},
		"gateways to Hubble's relay": {
			"lab", "kube-system", `{endpointSelector: {}, ingress: [{fromEntities: [ingress]}]}`,
			"gateways to kube-system/hubble-relay, TCP 4245 passes",
		},
		"another node's address to Hubble's relay": {
			"lab", "kube-system", `{endpointSelector: {}, ingress: [{fromEntities: [remote-node]}]}`,
			"another node to kube-system/hubble-relay, TCP 4245 passes",
		},
		"the internet to Hubble's relay": {
			"lab", "kube-system", `{endpointSelector: {}, ingress: [{fromEntities: [world]}]}`,
			"the internet (2001:db8::7) to kube-system/hubble-relay, TCP 4245 passes",
		},
		"the internet to the DNS for the home": {
			"lab", "network", `{endpointSelector: {matchLabels: {app.kubernetes.io/name: k8s-gateway}}, ingress: [{fromEntities: [world]}]}`,
			"the internet (2001:db8::7) to network/k8s-gateway, UDP 1053 passes",
		},
		"the DNS for the home into the home": {
			"lab", "network", `{endpointSelector: {matchLabels: {app.kubernetes.io/name: k8s-gateway}}, egress: [{toEntities: [world]}]}`,
			"network/k8s-gateway to the home's router (10.20.0.1), TCP 443 passes",
		},
		"external-dns further than its controller": {
			"lab", "network", `{endpointSelector: {matchLabels: {app.kubernetes.io/name: external-dns}}, egress: [{toEntities: [world]}]}`,
			"network/external-dns-unifi to a machine of the home (192.168.178.20), TCP 443 passes",
		},
		"Flux to an app's database": {
			"home", "an-app-of-tomorrow", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": flux-system}}]}]}`,
			"flux-system/source-controller to an-app-of-tomorrow/app, TCP 5432 passes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack, objects := planned(t, test.stack)
			policy := documents(t, `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: it, namespace: `+test.namespace+`}, spec: `+test.rule+`}`)
			for _, finding := range wrong(t, stack, append(objects, policy...)) {
				if strings.HasPrefix(finding.String(), test.want) {
					return
				}
			}
			t.Errorf("nobody found: %s", test.want)
		})
	}
}

// TestFlows_ReachCephOnTheNodesNetwork: its daemons are no pods to Cilium then, and the baseline keeps Prometheus from nodes.
func TestFlows_ReachCephOnTheNodesNetwork(t *testing.T) {
	stack, objects := planned(t, "home")
	for i, o := range objects {
		if o.GetKind() != "CephCluster" {
			continue
		}
		objects[i] = o.DeepCopy()
		if err := unstructured.SetNestedField(objects[i].Object, "host", "spec", "network", "provider"); err != nil {
			t.Fatal(err)
		}
		for _, finding := range wrong(t, stack, objects) {
			t.Error(finding)
		}
		return
	}
	t.Fatal("there is no CephCluster")
}
