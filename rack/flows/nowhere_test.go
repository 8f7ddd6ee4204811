package flows_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/uses"
	"github.com/home-ops/home-ops/rack/flows"
	"github.com/home-ops/home-ops/rack/sample"
)

// TestNowhere_TellsOfEachLeadThatEndsNowhere: no flow is asked for it, so nothing else would be wrong.
func TestNowhere_TellsOfEachLeadThatEndsNowhere(t *testing.T) {
	stack, objects := planned(t, "lab")
	for name, test := range map[string]struct {
		// more is added to the cluster, and without are objects, as KIND NAME, that are taken out of it.
		more    string
		without []string
		want    string
	}{
		"a route to no Service": {
			more: `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: it, namespace: echo}, spec: {rules: [{backendRefs: [{name: gone, port: 80}]}]}}`,
			want: "the route echo/it leads there: there is no Service echo/gone",
		},
		"a route to a port that no Service has": {
			more: `{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: it, namespace: echo}, spec: {rules: [{backendRefs: [{name: echo, port: 81}]}]}}`,
			want: "the route echo/it leads there: the Service echo/echo has no port 81",
		},
		"a route to a Service without pods": {
			without: []string{"Deployment echo"},
			want:    "the route echo/echo leads there: no pod behind the Service echo/echo listens at its port 80 http",
		},
		"a monitor that chooses nothing": {
			more: `{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: it, namespace: echo}, spec: {selector: {matchLabels: {a: b}}, endpoints: [{port: http}]}}`,
			want: "the ServiceMonitor echo/it has it scraped: it chooses no Service",
		},
		"a monitor of a port that is not there": {
			more: `{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: it, namespace: echo}, spec: {selector: {}, endpoints: [{port: metrics}]}}`,
			want: "the ServiceMonitor echo/it has it scraped: no Service that it chooses has the port metrics",
		},
		"a monitor of a pod's port that is not there": {
			more: `{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: it, namespace: echo}, spec: {selector: {}, endpoints: [{targetPort: metrics}]}}`,
			want: "the ServiceMonitor echo/it has it scraped: no Service that it chooses has the port metrics",
		},
		"a monitor of no pods": {
			more: `{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: it, namespace: echo}, spec: {selector: {matchLabels: {a: b}}, podMetricsEndpoints: [{port: http}]}}`,
			want: "the PodMonitor echo/it has it scraped: it chooses no pod",
		},
		"a monitor of pods without the port": {
			more: `{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: it, namespace: echo}, spec: {selector: {}, podMetricsEndpoints: [{port: metrics}]}}`,
			want: "the PodMonitor echo/it has it scraped: no pod that it chooses has the port metrics",
		},
		"monitors that nobody reads": {
			without: []string{"StatefulSet prometheus-kube-prometheus-stack"},
			want:    "the PodMonitor monitoring/network has it scraped: there is no pod of Prometheus",
		},
		"a webhook that nobody answers": {
			more: `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: it}, webhooks: [{name: a, clientConfig: {service: {namespace: echo, name: gone}}}]}`,
			want: "the API server calls the webhook it: there is no Service echo/gone",
		},
		"an API that nobody answers": {
			more: `{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.it}, spec: {service: {namespace: echo, name: echo}}}`,
			want: "the API server passes v1.it on: the Service echo/echo has no port 443",
		},
		"a webhook that is left out, and whose pods are not there": {
			without: []string{"DaemonSet longhorn-manager"},
			want:    "the API server has volumes checked: no pod behind the Service longhorn-system/longhorn-admission-webhook listens at its port 9502 admission-webhook",
		},
		"an address of a Service that is not there": {
			more: `{apiVersion: v1, kind: Pod, metadata: {name: it, namespace: echo}, spec: {containers: [{name: a, args: ["--to=http://gone.demo.svc:80"]}]}}`,
			want: `echo/it: it is told the address http://gone.demo.svc:80: there is no Service demo/gone`,
		},
		"a probe of a port without a name": {
			more: `{apiVersion: v1, kind: Pod, metadata: {name: it, namespace: echo}, spec: {containers: [{name: a, readinessProbe: {httpGet: {path: /, port: http}}}]}}`,
			want: "echo/it: the kubelet probes a: it has no port http",
		},
		"an address for the home that leads nowhere": {
			more: `{apiVersion: v1, kind: Service, metadata: {name: it, namespace: echo}, spec: {type: LoadBalancer, selector: {a: b}, ports: [{port: 80}]}}`,
			want: "the Service echo/it has an address in the home network: no pod behind the Service echo/it listens at its port 80",
		},
		"a store that nobody reads": {
			without: []string{"Deployment external-secrets"},
			want:    "it reads the store onepassword: there is no pod of External Secrets",
		},
		"a store without an address": {
			more: `{apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, metadata: {name: it}, spec: {provider: {onepassword: {}}}}`,
			want: `external-secrets/external-secrets: it reads the store it: "" is no address`,
		},
		"cluster DNS that is not there": {
			without: []string{"Deployment coredns"},
			want:    "every pod asks cluster DNS: there is no pod of it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := slices.Clone(objects)
			for _, gone := range test.without {
				kept := slices.DeleteFunc(slices.Clone(all), func(o *unstructured.Unstructured) bool { return o.GetKind()+" "+o.GetName() == gone })
				if len(kept) == len(all) {
					t.Fatalf("there is no %s", gone)
				}
				all = kept
			}
			if test.more != "" {
				all = append(all, documents(t, test.more)...)
			}
			cluster, err := flows.New(stack, all)
			if err != nil {
				t.Fatal(err)
			}
			if got := cluster.Nowhere(); !slices.Contains(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

// TestNowhere_LeavesAsideWhatOthersSay: where these lead is not to be read in the cluster.
func TestNowhere_LeavesAsideWhatOthersSay(t *testing.T) {
	stack, objects := planned(t, "lab")
	cluster, err := flows.New(stack, append(objects, documents(t, `
apiVersion: v1
kind: Service
metadata: {name: nas, namespace: echo}
spec: {type: LoadBalancer, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: nas, namespace: echo}
spec: {rules: [{backendRefs: [{name: nas, port: 80}, {name: bucket, kind: Bucket, group: example.com}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: it, namespace: echo}
spec: {containers: [{name: a, args: ["http://localhost:80", "http://127.0.0.1:80", "http://$(HOST):80", "https://kubernetes.default.svc"]}]}
---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec: {provider: {vault: {server: "https://vault"}}}
---
# As the genuine chart of Prometheus has it: its operator makes the Service.
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: kubelet, namespace: monitoring}
spec:
  namespaceSelector: {matchNames: [kube-system]}
  selector: {matchLabels: {k8s-app: kubelet, app.kubernetes.io/name: kubelet}}
  endpoints: [{port: https-metrics}, {port: https-metrics, path: /metrics/cadvisor}]
`)...))
	if err != nil {
		t.Fatal(err)
	}
	for _, lead := range cluster.Nowhere() {
		t.Error(lead)
	}
}

// idle are rows that neither sample asks, and why they stay.
var idle = map[string]string{}

// TestRows_AreAskedInOneOfTheSamples: a row whose pods have other labels than it thinks asks nothing.
func TestRows_AreAskedInOneOfTheSamples(t *testing.T) {
	asked := map[string]int{}
	for _, name := range []string{"home", "lab"} {
		stack, objects := planned(t, name)
		cluster, err := flows.New(stack, objects)
		if err != nil {
			t.Fatal(err)
		}
		for row, flows := range flows.Rows(cluster) {
			asked[row] += flows
		}
	}
	for row, flows := range asked {
		if why, known := idle[row]; (flows > 0) == known {
			t.Errorf("%s: %d flows; idle for %q", row, flows, why)
		}
	}
}

// TestWanted_HasEveryWebhookAndAPIOfTheCharts: rehearsals leave them out, for nobody answers them there.
func TestWanted_HasEveryWebhookAndAPIOfTheCharts(t *testing.T) {
	needed := map[flows.Reference]string{}
	for _, name := range []string{"home", "lab"} {
		stack := sample.Stack(t, name)
		all, err := uses.Of(stack, sample.Root(t, repository, stack))
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range all {
			f, err := facts.Of(use.Chart(), use.Version)
			if err != nil {
				t.Fatal(err)
			}
			release := f.Release(use.Release, use.Stack)
			for _, hook := range release.Webhooks {
				namespace, rest, _ := strings.Cut(hook.Service, "/")
				service, _, _ := strings.Cut(rest, ":")
				needed[flows.Reference{Namespace: namespace, Name: service}] = use.Release + ": " + hook.Name
			}
			if len(release.APIServices) > 0 {
				// Its Service is called as the release, for all that the facts say.
				needed[flows.Reference{Namespace: release.Namespace, Name: release.Name}] = use.Release + ": " + release.APIServices[0]
			}
		}
	}
	for service, by := range made {
		needed[service] = by
	}
	asked := flows.LeftOut()
	for service, by := range needed {
		if !slices.Contains(asked, service) {
			t.Errorf("%v, by %s, is asked by nobody", service, by)
		}
	}
	for _, service := range asked {
		if !slices.Contains(slices.Collect(maps.Keys(needed)), service) {
			t.Errorf("%v is asked, and no chart has a webhook or an API there", service)
		}
	}
}

// made are webhooks that programs register while they run, so that no chart has them.
var made = map[flows.Reference]string{
	// https://github.com/longhorn/longhorn-manager, webhook/server
	{Namespace: "longhorn-system", Name: "longhorn-admission-webhook"}: "Longhorn's managers",
}
