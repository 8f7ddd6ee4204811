package flows_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/flows"
	"github.com/home-ops/home-ops/spec/spectest"
)

// TestWanted_FollowsWhatIsThere names one flow for each way in which flows are found.
func TestWanted_FollowsWhatIsThere(t *testing.T) {
	stack, objects := planned(t, "lab")
	objects = append(objects,
		// A genuine chart's webhook, on a port of its Service that has another number at the pod.
		documents(t, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: apps}
webhooks:
  - name: apps.example.com
    clientConfig: {service: {namespace: echo, name: echo, port: 80}}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.example.com}
spec: {service: {namespace: demo, name: hello, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: game, namespace: echo}
spec:
  type: LoadBalancer
  selector: {app.kubernetes.io/name: echo}
  ports: [{port: 27015, targetPort: 27015, protocol: UDP}]
`)...)
	cluster, err := flows.New(stack, objects)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range cluster.Wanted() {
		got = append(got, f.String())
	}
	for why, want := range map[string]string{
		"DNS of each pod":                "echo/echo to kube-system/coredns, UDP 53",
		"DNS servers' own":               "kube-system/coredns to the DNS server outside (10.20.0.1), UDP 53",
		"the API of a pod with a token":  "system/reloader to the API server on another node, TCP 6443",
		"a route to its backend":         "gateways to monitoring/grafana, TCP 3000",
		"the tunnel to a public backend": "network/cloudflared to echo/echo, TCP 8080",
		"a ServiceMonitor's target":      "monitoring/prometheus-kube-prometheus-stack to longhorn-system/longhorn-manager, TCP 9500",
		"a target on the nodes' network": "monitoring/prometheus-kube-prometheus-stack to another node, TCP 9962",
		"a PodMonitor's target":          "monitoring/prometheus-kube-prometheus-stack to network/cloudflared, TCP 2000",
		"a webhook":                      "the API server on another node to echo/echo, TCP 8080",
		"a webhook that is left out":     "the API server on another node to longhorn-system/longhorn-manager, TCP 9502",
		"through a tunnel":               "another node to echo/echo, TCP 8080",
		"an aggregated API":              "the API server on another node to demo/hello, TCP 8080",
		"an address for the home":        "a machine of the home (192.168.178.20) to echo/echo, UDP 27015",
		"a probe":                        "the pod's own node to echo/echo, TCP 8080",
		"an address in arguments":        "monitoring/log-collector to monitoring/victoria-logs, TCP 9428",
		"the store of secrets":           "external-secrets/external-secrets to the address that it is told (10.20.0.5), TCP 8080",
		"the UniFi controller":           "network/external-dns-unifi to the address that it is told (10.20.0.1), TCP 443",
		"BGP":                            "the pod's own node to the router unifi (10.20.0.1), TCP 179",
		"etcd":                           "another node to the pod's own node, TCP 2380",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s: no %q among\n%s", why, want, strings.Join(got, "\n"))
		}
	}
}

// TestNew_TakesThePodsOfAWorkloadForItsTemplate: the API server has both, and what tells replicas apart is in no policy.
func TestNew_TakesThePodsOfAWorkloadForItsTemplate(t *testing.T) {
	stack, objects := planned(t, "home")
	cluster, err := flows.New(stack, objects)
	if err != nil {
		t.Fatal(err)
	}
	replica := documents(t, `
apiVersion: v1
kind: Pod
metadata:
  name: echo-5d8f-abcde
  namespace: echo
  labels: {app.kubernetes.io/name: echo, pod-template-hash: 5d8f}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: echo-5d8f, uid: u}]
spec:
  serviceAccountName: default
  containers: [{name: echo, image: echo}]
`)
	again, err := flows.New(stack, append(replica, objects...))
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Pods) != len(cluster.Pods) || again.Pods[0].String() != "echo/echo" {
		t.Errorf("%d pods, and with a replica %d; the first is %s", len(cluster.Pods), len(again.Pods), again.Pods[0])
	}
}

func TestNew_NamesAPodWithoutANamespace(t *testing.T) {
	stack, _ := planned(t, "home")
	pod := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "lost", "namespace": "nowhere"}, "spec": map[string]any{},
	}}
	_, err := flows.New(stack, []*unstructured.Unstructured{pod})
	if err == nil || err.Error() != "nowhere/lost: there is no namespace nowhere" {
		t.Errorf("got %v", err)
	}
}

// What cannot be read would ask for no flow, and nothing would be wrong.
func TestNew_TellsOfObjectsThatFlowsCannotBeDerivedFrom(t *testing.T) {
	stack := spectest.Home(t)
	for name, object := range map[string]string{
		"a monitor of another form":   "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: it, namespace: a}, spec: {endpoints: all}}",
		"a monitor that chooses ill":  "{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: it, namespace: a}, spec: {selector: {matchExpressions: [{key: a, operator: Like}]}}}",
		"a webhook of another form":   "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: it}, webhooks: all}",
		"a route of another form":     "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: it, namespace: a}, spec: {rules: all}}",
		"an API service without form": "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: it}, spec: {service: all}}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := flows.New(stack, documents(t, object)); err == nil || !strings.Contains(err.Error(), "it: ") {
				t.Errorf("error %v", err)
			}
		})
	}
}
