package facts_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/uses"
	"github.com/home-ops/home-ops/spec"
)

// passing are the definitions that go with their release, and why that loses nothing.
var passing = map[string]string{
	"longhorn":    "the chart's own hook refuses to let the release go unless somebody has said so in its settings",
	"csi.ceph.io": "the release of rook-ceph is kept",
}

func TestDefinitions_OutliveTheirRelease(t *testing.T) {
	seen := map[string]bool{}
	for _, use := range installed(t) {
		f, err := facts.Of(use.Chart(), use.Version)
		if err != nil || seen[use.Chart()+use.Version] {
			continue
		}
		seen[use.Chart()+use.Version] = true
		for _, d := range f.Definitions {
			_, group, _ := strings.Cut(d.Name, ".")
			if !d.Outlives() && passing[f.Chart] == "" && passing[group] == "" {
				t.Errorf("%s %s: %s goes with the release, and all of its objects with it", f.Chart, f.Version, d.Name)
			}
		}
	}
}

// releaseOf is what the chart's record says of a use.
func releaseOf(t *testing.T, use uses.Use) *facts.Release {
	t.Helper()
	f, err := facts.Of(use.Chart(), use.Version)
	if err != nil {
		t.Fatal(err)
	}
	return f.Release(use.Release, use.Stack)
}

// withoutPatched leaves out containers that a release of the tree takes away again.
func withoutPatched(l landscape, use uses.Use, containers []facts.Container) []string {
	var kept []string
	for _, c := range containers {
		taken := slices.ContainsFunc(l.objects, func(o gitops.Object) bool {
			if o.GetKind() != "HelmRelease" || o.GetName() != use.Release || o.GetNamespace() != use.Namespace {
				return false
			}
			renderers, _, _ := unstructured.NestedSlice(o.Object, "spec", "postRenderers")
			return takesAway(renderers, c.Name)
		})
		if !taken {
			kept = append(kept, c.Name)
		}
	}
	return kept
}

var deletion = regexp.MustCompile(`- name: (\S+)\n\s+\$patch: delete`)

func takesAway(renderers []any, container string) bool {
	for _, raw := range renderers {
		patches, _, _ := unstructured.NestedSlice(raw.(map[string]any), "kustomize", "patches")
		for _, patch := range patches {
			text, _ := patch.(map[string]any)["patch"].(string)
			for _, m := range deletion.FindAllStringSubmatch(text, -1) {
				if m[1] == container {
					return true
				}
			}
		}
	}
	return false
}

func TestSnapshotController_RunsOnce(t *testing.T) {
	eachLandscape(t, func(t *testing.T, l landscape) {
		var running []string
		for _, use := range l.uses {
			for _, w := range releaseOf(t, use).Workloads {
				if slices.Contains(withoutPatched(l, use, w.Containers), "snapshot-controller") {
					running = append(running, use.Release+": "+w.Kind+" "+w.Name)
				}
			}
		}
		if len(running) != 1 {
			t.Errorf("it runs in %d releases: %v", len(running), running)
		}
	})
}

// everywhere are the DaemonSets that every node needs, whatever its taints.
var everywhere = []string{"cilium", "cilium-envoy", "log-collector", "node-exporter", "spegel"}

// tolerations are those of a workload. A chart of one workload takes them from a value of that name, which may have
// changed since it was recorded.
func tolerations(t *testing.T, use uses.Use, w facts.Workload) []corev1.Toleration {
	t.Helper()
	if use.Chart() != "victoria-logs-collector" {
		return w.Tolerations
	}
	var given struct {
		Tolerations []corev1.Toleration `json:"tolerations"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(use.Values, &given); err != nil {
		t.Fatal(err)
	}
	return given.Tolerations
}

func TestDaemonSets_ReachTaintedControlPlanes(t *testing.T) {
	taint := &corev1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}
	eachLandscape(t, func(t *testing.T, l landscape) {
		found := map[string]bool{}
		for _, use := range l.uses {
			for _, w := range releaseOf(t, use).Workloads {
				if w.Kind != "DaemonSet" || !slices.Contains(everywhere, w.Name) {
					continue
				}
				found[w.Name] = true
				if !slices.ContainsFunc(tolerations(t, use, w), func(tol corev1.Toleration) bool { return tol.ToleratesTaint(taint) }) {
					t.Errorf("%s of %s: DaemonSet %s keeps away from control planes", use.Release, use.Chart(), w.Name)
				}
			}
		}
		for _, name := range everywhere {
			if !found[name] {
				t.Errorf("there is no DaemonSet %s", name)
			}
		}
	})
}

// Grafana ends over a plugin that is written otherwise (https://github.com/grafana-community/helm-charts, charts/grafana).
func TestGrafana_CanReadItsPlugins(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9-]+(@[^ @]+){0,2}$`)
	eachLandscape(t, func(t *testing.T, l landscape) {
		plugins := 0
		for _, use := range l.uses {
			found, _, _ := unstructured.NestedStringSlice(use.Values, "grafana", "plugins")
			for _, plugin := range found {
				plugins++
				if !form.MatchString(plugin) {
					t.Errorf("%s: %q is no plugin; write id@version", use.Release, plugin)
				}
			}
		}
		if plugins == 0 {
			t.Error("there is no plugin")
		}
	})
}

// domainless are values by which a chart could hear of the cluster's DNS domain, by chart, and why it need not.
var domainless = map[string]map[string]string{
	"cilium": {"clustermesh.mcsapi.corednsAutoConfigure.coredns.clusterDomain": "Services of several clusters are off"},
	"kube-prometheus-stack": {
		"prometheusOperator.clusterDomain": "without it the operator writes names that the search domain of pods completes",
	},
	"metrics-server": {"tls.clusterDomain": "its certificate is its own, of no authority, and the API server does not look at the name"},
	"rook-ceph":      {"ceph-csi-operator.kubernetesClusterDomain": "it is a variable of the operator's, which never reads it"},
	// What is global goes to subcharts as well.
	"victoria-logs-collector": {"victoria-metrics-common.global.cluster.dnsDomain": "global.cluster.dnsDomain is set"},
	"victoria-logs-single":    {"victoria-metrics-common.global.cluster.dnsDomain": "global.cluster.dnsDomain is set"},
}

// namesDomain are the keys that charts give the cluster's DNS domain.
var namesDomain = regexp.MustCompile(`(?i)(cluster|dns)domain$`)

// domainKeys are the paths of such keys.
func domainKeys(keys facts.Keys, at ...string) (found [][]string) {
	for key, inner := range keys {
		path := append(slices.Clone(at), key)
		if branch, ok := inner.(facts.Keys); ok {
			found = append(found, domainKeys(branch, path...)...)
		} else if namesDomain.MatchString(key) {
			found = append(found, path)
		}
	}
	return found
}

// inAnotherDomain are the releases of the samples with another DNS domain, in the versions of their files and the tested ones.
func inAnotherDomain(t *testing.T, domain string) []uses.Use {
	t.Helper()
	var all []uses.Use
	for _, name := range []string{"home", "lab"} {
		stack, problems := spec.LoadFile(project + "/spec/spectest/testdata/Pulumi." + name + ".yaml")
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		stack.Cluster.DNSDomain = domain
		for _, versions := range []spec.Versions{stack.Versions, spec.Tested()} {
			stack.Versions = versions
			found, err := uses.Of(stack, project)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, found...)
		}
	}
	return all
}

func TestCharts_HearOfTheDNSDomain(t *testing.T) {
	excused := map[string]bool{}
	heard := 0
	for _, use := range inAnotherDomain(t, "other.internal") {
		f, err := facts.Of(use.Chart(), use.Version)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range domainKeys(f.Values) {
			where := strings.Join(path, ".")
			if domainless[use.Chart()][where] != "" {
				excused[use.Chart()+" "+where] = true
				continue
			}
			got, _, err := unstructured.NestedString(use.Values, path...)
			if err != nil || strings.TrimSuffix(got, ".") != "other.internal" {
				t.Errorf("%s: %s: the chart %s asks for the cluster's DNS domain, and is given %q %v", use.Stack, where, use.Chart(), got, err)
			} else {
				heard++
			}
		}
	}
	if heard < 4 {
		t.Errorf("only %d charts were given it", heard)
	}
	for chart, keys := range domainless {
		for where := range keys {
			if !excused[chart+" "+where] {
				t.Errorf("%s has no %s any more", chart, where)
			}
		}
	}
}

// Whatever Helm takes for failed it takes away again, and Longhorn's hooks refuse that.
func TestLonghorn_IsNeverTakenForFailed(t *testing.T) {
	f, err := facts.Of("longhorn", string(spec.Tested().Longhorn))
	if err != nil {
		t.Fatal(err)
	}
	refuses := slices.ContainsFunc(f.Releases[0].Hooks, func(h facts.Hook) bool { return slices.Contains(h.Events, "pre-delete") })
	if !refuses {
		t.Fatal("the chart has no hook before it is taken away any more; see whether the release may wait again")
	}
	eachLandscape(t, func(t *testing.T, l landscape) {
		for _, o := range l.objects {
			if o.GetKind() != "HelmRelease" || o.GetName() != "longhorn" {
				continue
			}
			for _, action := range []string{"install", "upgrade"} {
				if waits, _, _ := unstructured.NestedBool(o.Object, "spec", action, "disableWait"); !waits {
					t.Errorf("%s: its %s waits for pods, and times out", o.Where(), action)
				}
			}
		}
	})
}
