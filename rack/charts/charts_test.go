package charts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	helmregistry "helm.sh/helm/v3/pkg/registry"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/rack/registry"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
	"github.com/home-ops/home-ops/stacks"
)

// render is what Helm makes of the archive as a release without a cluster.
func render(t *testing.T, archive []byte, release, namespace string, values map[string]any) (string, error) {
	t.Helper()
	c, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	registry, err := helmregistry.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	install := action.NewInstall(&action.Configuration{RegistryClient: registry})
	install.DryRun, install.ClientOnly, install.IncludeCRDs = true, true, true
	install.ReleaseName, install.Namespace = release, namespace
	install.KubeVersion = &chartutil.KubeVersion{Version: "v1.34.1", Major: "1", Minor: "34"}
	installed, err := install.Run(c, values)
	if err != nil {
		return "", err
	}
	return installed.Manifest, nil
}

// objects are those of a manifest, as KIND/NAME.
func objects(t *testing.T, manifest string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, document := range strings.Split("\n"+manifest, "\n---\n") {
		var object map[string]any
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if len(object) == 0 {
			continue
		}
		metadata := object["metadata"].(map[string]any)
		if a, _ := metadata["annotations"].(map[string]any); a[annotation] != "true" {
			t.Errorf("%v %v does not say that it is a stand-in", object["kind"], metadata["name"])
		}
		found[object["kind"].(string)+"/"+metadata["name"].(string)] = object
	}
	return found
}

// planned are the charts that the plans of both stacks install.
func planned(t *testing.T) []plan.Chart {
	t.Helper()
	var all []plan.Chart
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		parts, err := stacks.Plan(stack)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parts.Charts()...)
	}
	return all
}

// values are those of a release in the plan of a stack.
func values(t *testing.T, stack *spec.Stack, release string) map[string]any {
	t.Helper()
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		for _, step := range part.Steps {
			if step.Release != nil && step.Release.Name == release {
				values, err := step.Release.PlainValues()
				if err != nil {
					t.Fatal(err)
				}
				return values
			}
		}
	}
	t.Fatalf("%s has no release %s", stack.Name, release)
	return nil
}

// versions are those that a stack has by default.
func versions(t *testing.T) spec.Versions {
	t.Helper()
	content, err := os.ReadFile("../../spec/versions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var v spec.Versions
	if err := yaml.UnmarshalStrict(content, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// definitions is a folder as rack/crds writes it, with one small definition in each set that charts ask for.
func definitions(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, r := range table {
		for _, set := range slices.Concat(r.kinds, slices.Collect(maps.Keys(r.kindsSince))) {
			if err := os.MkdirAll(filepath.Join(dir, set), 0o750); err != nil {
				t.Fatal(err)
			}
			definition := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: " + set + "}\nspec: {}\n"
			if err := os.WriteFile(filepath.Join(dir, set, set+".yaml"), []byte(definition), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// chartCalled is the packaged chart of that name.
func chartCalled(t *testing.T, name string) Chart {
	t.Helper()
	all, err := All(planned(t), versions(t), fstest.MapFS{}, Options{CRDs: definitions(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Name() == name {
			return c
		}
	}
	t.Fatalf("no chart %s", name)
	return Chart{}
}

func TestCharts_RenderWhatOthersDependOn(t *testing.T) {
	home, lab := spectest.Home(t), spectest.Lab(t)
	for _, test := range []struct {
		chart, namespace string
		stack            *spec.Stack
		release          string
		want             []string
	}{
		{"cilium", "kube-system", home, "cilium", []string{
			"DaemonSet/cilium", "DaemonSet/cilium-envoy", "Deployment/cilium-operator", "Deployment/hubble-relay", "Deployment/hubble-ui",
			"Service/hubble-relay", "Service/hubble-ui", "ConfigMap/cilium-config", "GatewayClass/cilium", "ServiceAccount/cilium-operator",
		}},
		{"cilium", "kube-system", lab, "cilium", []string{"DaemonSet/cilium"}},
		{"rook-ceph", "rook-ceph", home, "rook-ceph", []string{
			"Deployment/rook-ceph-operator", "ConfigMap/rook-ceph-operator-config", "CustomResourceDefinition/rook", "ServiceAccount/rook-ceph-osd",
		}},
		{"flux-operator", "flux-system", home, "flux-operator", []string{
			"Deployment/flux-operator", "ServiceAccount/flux-operator", "ClusterRoleBinding/flux-operator", "CustomResourceDefinition/flux-operator",
		}},
		{"cert-manager", "cert-manager", home, "cert-manager", []string{
			"Deployment/cert-manager", "Deployment/cert-manager-webhook", "Deployment/cert-manager-cainjector", "CustomResourceDefinition/cert-manager",
		}},
		{"external-dns", "network", home, "external-dns-cloudflare", []string{
			"Deployment/external-dns-cloudflare", "Service/external-dns-cloudflare", "CustomResourceDefinition/external-dns",
		}},
		{"external-dns", "network", lab, "external-dns-unifi", []string{"Deployment/external-dns-unifi"}},
		{"k8s-gateway", "network", home, "k8s-gateway", []string{
			"Deployment/k8s-gateway", "Service/k8s-gateway", "ConfigMap/k8s-gateway",
		}},
		{"connect", "external-secrets", home, "onepassword-connect", []string{
			"Deployment/onepassword-connect", "Service/onepassword-connect",
		}},
		{"external-secrets", "external-secrets", home, "external-secrets", []string{
			"Deployment/external-secrets", "Deployment/external-secrets-webhook", "Deployment/external-secrets-cert-controller",
			"CustomResourceDefinition/external-secrets", "PodDisruptionBudget/external-secrets-pdb",
		}},
		{"snapshot-controller", "kube-system", nil, "snapshot-controller", []string{"Deployment/snapshot-controller", "CustomResourceDefinition/snapshot"}},
	} {
		t.Run(test.chart, func(t *testing.T) {
			var given map[string]any
			if test.stack != nil {
				given = values(t, test.stack, test.release)
			}
			manifest, err := render(t, chartCalled(t, test.chart).Archive, test.release, test.namespace, given)
			if err != nil {
				t.Fatal(err)
			}
			found := objects(t, manifest)
			for _, want := range test.want {
				if found[want] == nil {
					t.Errorf("no %s in\n%s", want, manifest)
				}
			}
		})
	}
}

// What a release's values say of a workload goes before what the genuine chart was recorded with.
func TestCharts_FollowValuesBeforeFacts(t *testing.T) {
	given := values(t, spectest.Home(t), "cilium")
	given["hubble"] = map[string]any{"enabled": false}
	given["operator"] = map[string]any{
		"prometheus":   map[string]any{"metricsService": false},
		"nodeSelector": map[string]any{"rack": "left"},
		"tolerations":  []any{map[string]any{"operator": "Exists"}},
		"podLabels":    map[string]any{"more": "of it"},
	}
	manifest, err := render(t, chartCalled(t, "cilium").Archive, "cilium", "kube-system", given)
	if err != nil {
		t.Fatal(err)
	}
	found := objects(t, manifest)
	for _, name := range []string{
		"Service/hubble-peer", "Service/hubble-metrics", "Service/hubble-relay", "Deployment/hubble-ui", "Service/hubble-ui", "Service/cilium-operator",
	} {
		if found[name] != nil {
			t.Errorf("there is a %s, which the values leave out", name)
		}
	}
	if found["Service/cilium-envoy"] == nil {
		t.Error("no Service/cilium-envoy, which no value is about")
	}
	golden.Documents(t, "operator.yaml", found["Deployment/cilium-operator"])
}

// Someone's own release of a chart is in no record.
func TestCharts_RenderAReleaseThatNobodyRecorded(t *testing.T) {
	given := values(t, spectest.Home(t), "external-dns-cloudflare")
	given["fullnameOverride"] = "other"
	manifest, err := render(t, chartCalled(t, "external-dns").Archive, "other", "network", given)
	if err != nil {
		t.Fatal(err)
	}
	golden.Documents(t, "unrecorded.yaml", objects(t, manifest)["Deployment/other"])
}

func TestFacts_OfAVersionThatNobodyRecordedAreTheLast(t *testing.T) {
	i := slices.IndexFunc(table, func(r row) bool { return r.name == "rook-ceph" })
	read := func(version spec.Version) string {
		content, err := table[i].facts(version)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if read("v1.99.0") != read("v1.20.3") || read("v1.16.3") == read("v1.20.3") {
		t.Error("the facts are those of another version")
	}
}

// get is what the handler answers.
func get(t *testing.T, handler http.Handler, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d", path, w.Code)
	}
	return w.Body.String()
}

func TestCharts_RenderTheFluxInstanceThatTheProgramAsksFor(t *testing.T) {
	manifest, err := render(t, chartCalled(t, "flux-instance").Archive, "flux-instance", "flux-system", values(t, spectest.Lab(t), "flux-instance"))
	if err != nil {
		t.Fatal(err)
	}
	golden.Documents(t, "fluxinstance.yaml", objects(t, manifest)["FluxInstance/flux"]["spec"])
}

func TestCharts_RefuseValuesOfTheWrongType(t *testing.T) {
	_, err := render(t, chartCalled(t, "cilium").Archive, "cilium", "kube-system", map[string]any{"hubble": map[string]any{"enabled": "yes"}})
	if err == nil || !strings.Contains(err.Error(), "at '/hubble/enabled': got string, want boolean") {
		t.Errorf("got %v", err)
	}
}

func TestCharts_AskForTheirDefinitions(t *testing.T) {
	_, err := All(planned(t), versions(t), fstest.MapFS{}, Options{CRDs: "nowhere"})
	want := "chart rook-ceph: nowhere/rook holds no definitions; write them with: go run -C rack/crds . -out nowhere"
	if err == nil || !strings.HasPrefix(err.Error(), want+"\n") {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCharts_ComeOutOfTheRegistryAsTheyWentIn(t *testing.T) {
	once, again := chartCalled(t, "cert-manager"), chartCalled(t, "cert-manager")
	if !bytes.Equal(once.Archive, again.Archive) {
		t.Error("the same chart was packaged in two ways")
	}
	r := registry.New(once.Host)
	for _, c := range []Chart{once, again} {
		if err := r.AddChart(c.Host, c.Repository(), c.Archive); err != nil {
			t.Fatal(err)
		}
	}
	name, tag, _ := strings.Cut(once.Repository(), ":")
	manifest := get(t, r, "https://"+once.Host+"/v2/"+name+"/manifests/"+tag)
	if digest := sha256.Sum256(once.Archive); !strings.Contains(manifest, "sha256:"+hex.EncodeToString(digest[:])) {
		t.Errorf("the registry has another chart: %s", manifest)
	}
}
