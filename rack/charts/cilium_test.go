package charts

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/charts/uses"
	"github.com/home-ops/home-ops/rack/sample"
	"github.com/home-ops/home-ops/stacks"
)

const ciliumModule = "github.com/cilium/cilium"

// The genuine operator is run in a rehearsal with GENUINE=1 as its own chart has it run in the house.
func TestStandIn_HasCiliumsOperatorRunAsItsChartDoes(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		t.Run(name, func(t *testing.T) {
			genuine, standIn := ciliumOf(t, name)
			if diff := cmp.Diff(operatorOf(t, genuine), operatorOf(t, standIn)); diff != "" {
				t.Errorf("Deployment cilium-operator (-genuine +stand-in):\n%s", diff)
			}
			compareSettings(t, settingsOf(t, genuine), settingsOf(t, standIn))
			for _, role := range []string{
				"ClusterRole/cilium-operator", "Role/cilium-operator-gateway-secrets", "Role/cilium-operator-tlsinterception-secrets",
				"Role/cilium-operator-ztunnel",
			} {
				if diff := cmp.Diff(rightsIn(t, genuine, role), rightsIn(t, standIn, role)); diff != "" {
					t.Errorf("%s (-genuine +stand-in):\n%s", role, diff)
				}
			}
			for _, name := range []string{"Namespace/cilium-secrets", "ClusterRoleBinding/cilium-operator", "RoleBinding/cilium-operator-gateway-secrets"} {
				if standIn[name] == "" || genuine[name] == "" {
					t.Errorf("%s: in the genuine chart %t, in the stand-in %t", name, genuine[name] != "", standIn[name] != "")
				}
			}
		})
	}
}

// ciliumOf are the objects of a stack's release of Cilium, from the genuine chart and from the stand-in, as texts by kind and name.
func ciliumOf(t *testing.T, name string) (genuine, standIn map[string]string) {
	t.Helper()
	module, err := build.Downloaded(t.Context(), "../genuine/cilium-operator", ciliumModule)
	if err != nil {
		t.Fatal(err)
	}
	stack := sample.Stack(t, name)
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	made, err := uses.Of(stack, sample.Root(t, "../..", stack))
	if err != nil {
		t.Fatal(err)
	}
	use := made[slices.IndexFunc(made, func(u uses.Use) bool { return u.Release == "cilium" })]
	var both []map[string]string
	for _, modules := range []map[string]string{{ciliumModule: module}, nil} {
		all, err := All(parts.Charts(), stack.Versions, os.DirFS("../../kubernetes"), Options{CRDs: definitions(t), Modules: modules})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(c Chart) bool { return c.Name() == "cilium" })
		if i < 0 || all[i].Genuine != (modules != nil) {
			t.Fatalf("chart %d of Cilium, genuine: %t", i, i >= 0 && all[i].Genuine)
		}
		c, err := loader.LoadArchive(bytes.NewReader(all[i].Archive))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, rendered(t, c, use))
	}
	return both[0], both[1]
}

// rendered are the objects of a release, by kind and name.
func rendered(t *testing.T, c *chart.Chart, use uses.Use) map[string]string {
	t.Helper()
	version, err := chartutil.ParseKubeVersion(use.Kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	capabilities := *chartutil.DefaultCapabilities
	capabilities.KubeVersion = *version
	values, err := chartutil.ToRenderValues(c, use.Values, chartutil.ReleaseOptions{Name: use.Release, Namespace: use.Namespace}, &capabilities)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(c, values)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]string{}
	for text := range maps.Values(files) {
		for document := range strings.SplitSeq("\n"+text, "\n---") {
			var o struct {
				Kind     string
				Metadata struct{ Name string }
			}
			if err := yaml.Unmarshal([]byte(document), &o); err == nil && o.Kind != "" {
				objects[o.Kind+"/"+o.Metadata.Name] = document
			}
		}
	}
	return objects
}

// read is an object of a release.
func read[T any](t *testing.T, objects map[string]string, name string) *T {
	t.Helper()
	object := new(T)
	if err := yaml.Unmarshal([]byte(objects[name]), object); err != nil || objects[name] == "" {
		t.Fatalf("%s: %v in %q", name, err, objects[name])
	}
	return object
}

// operator is what its Deployment tells a program.
type operator struct {
	Args, Env, Files []string
}

func operatorOf(t *testing.T, objects map[string]string) operator {
	t.Helper()
	pod := read[appsv1.Deployment](t, objects, "Deployment/cilium-operator").Spec.Template.Spec
	container := pod.Containers[0]
	o := operator{Args: container.Args}
	for _, v := range container.Env {
		if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
			v.ValueFrom.FieldRef.APIVersion = "" // v1, as where nothing is said
		}
		text, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		o.Env = append(o.Env, string(text))
	}
	for _, mount := range container.VolumeMounts {
		i := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		o.Files = append(o.Files, fmt.Sprintf("%s is ConfigMap %s", mount.MountPath, pod.Volumes[i].ConfigMap.Name))
	}
	return o
}

func settingsOf(t *testing.T, objects map[string]string) map[string]string {
	t.Helper()
	return read[corev1.ConfigMap](t, objects, "ConfigMap/cilium-config").Data
}

// operatorReads are the settings among those of the chart that the operator has a flag for, or asks for by name
// (https://docs.cilium.io/en/v1.20/cmdref/cilium-operator-generic/).
var operatorReads = strings.Fields(`
	cilium-endpoint-gc-interval cluster-id cluster-name clustermesh-cache-ttl clustermesh-default-global-namespace clustermesh-enable-endpoint-sync
	clustermesh-enable-mcs-api clustermesh-mcs-api-install-crds controller-group-metrics debug default-lb-service-ipam enable-bgp-control-plane
	enable-gateway-api enable-gateway-api-alpn enable-gateway-api-app-protocol enable-gateway-api-proxy-protocol enable-gateway-api-secrets-sync
	enable-ipv4 enable-ipv6 enable-l2-announcements enable-l7-proxy enable-lb-ipam enable-metrics enable-node-selector-labels enable-policy
	enable-policy-secrets-sync gateway-api-hostnetwork-enabled gateway-api-hostnetwork-nodelabelselector gateway-api-secrets-namespace
	gateway-api-service-externaltrafficpolicy gateway-api-use-remote-address gateway-api-xff-num-trusted-hops identity-allocation-mode
	identity-gc-interval identity-heartbeat-timeout identity-management-mode ipam kube-proxy-replacement max-connected-clusters
	metrics-sampling-interval nodes-gc-interval operator-api-serve-addr operator-prometheus-serve-addr policy-default-local-cluster
	policy-secrets-namespace proxy-idle-timeout-seconds remove-cilium-node-taints set-cilium-is-up-condition set-cilium-node-taints
	synchronize-k8s-nodes unmanaged-pod-watcher-interval`)

func compareSettings(t *testing.T, genuine, standIn map[string]string) {
	t.Helper()
	for _, name := range operatorReads {
		if _, ok := genuine[name]; ok && standIn[name] != genuine[name] {
			t.Errorf("cilium-config: %s is %q, in the genuine chart %q", name, standIn[name], genuine[name])
		}
	}
	for name, value := range standIn {
		// What is off the genuine chart does not mention.
		if got, ok := genuine[name]; got != value && (ok || value != "false") {
			t.Errorf("cilium-config: %s is %q, in the genuine chart %q", name, value, got)
		}
	}
}

// rightsIn are those of a role, as VERB GROUP/RESOURCE NAME.
func rightsIn(t *testing.T, objects map[string]string, name string) map[string]bool {
	t.Helper()
	rights := map[string]bool{}
	for _, rule := range read[rbacv1.ClusterRole](t, objects, name).Rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					for _, of := range names {
						rights[strings.TrimSpace(verb+" "+group+"/"+resource+" "+of)] = true
					}
				}
			}
		}
	}
	return rights
}
