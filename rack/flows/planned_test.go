package flows_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	helmregistry "helm.sh/helm/v3/pkg/registry"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kyaml "sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/rack/addons/prometheus"
	"github.com/home-ops/home-ops/rack/charts"
	"github.com/home-ops/home-ops/rack/kube/manifests"
	"github.com/home-ops/home-ops/rack/sample"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

const repository = "../.."

// planned is everything that would be in a stack's cluster: what Talos makes, what the program makes, what Flux applies
// out of the tree, and what the charts of both hold.
func planned(t *testing.T, name string) (*spec.Stack, []*unstructured.Unstructured) {
	t.Helper()
	stack := sample.Stack(t, name)
	if objects := known[name]; objects != nil {
		return stack, slices.Clone(objects)
	}
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	p := &planner{t: t, stack: stack, archives: archives(t, stack, parts.Charts())}
	p.talos()
	p.program(parts)
	p.flux(parts)
	p.tree(parts)
	known[name] = p.objects
	return stack, slices.Clone(p.objects)
}

// known are the objects of the stacks that were planned, each once: charts take their time. Nobody changes them.
var known = map[string][]*unstructured.Unstructured{}

type planner struct {
	t        *testing.T
	stack    *spec.Stack
	archives map[string][]byte
	objects  []*unstructured.Unstructured
}

func (p *planner) add(objects ...*unstructured.Unstructured) {
	p.objects = append(p.objects, objects...)
}

// talos adds cluster DNS.
func (p *planner) talos() {
	for _, name := range []string{"kube-system", "default"} {
		p.add(&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
		}})
	}
	input, err := generate.NewInput(p.stack.Cluster.Name, "https://192.0.2.1:6443", strings.TrimPrefix(string(p.stack.Cluster.KubernetesVersion), "v"),
		generate.WithVersionContract(config.TalosVersion1_11))
	if err != nil {
		p.t.Fatal(err)
	}
	applied, err := input.Config(machine.TypeControlPlane)
	if err != nil {
		p.t.Fatal(err)
	}
	applied, err = applied.PatchV1Alpha1(func(c *v1alpha1.Config) error {
		disabled := true
		c.ClusterConfig.ClusterNetwork.CNI = &v1alpha1.CNIConfig{CNIName: constants.NoneCNI}
		c.ClusterConfig.ProxyConfig = &v1alpha1.ProxyConfig{Disabled: &disabled}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	objects, err := manifests.Bootstrap(applied)
	if err != nil {
		p.t.Fatal(err)
	}
	p.add(objects...)
}

// flux adds what its operator makes: the controllers and their policies, out of the operator's own manifests.
func (p *planner) flux(parts plan.Parts) {
	download := exec.CommandContext(p.t.Context(), "go", "mod", "download", "-json", "github.com/controlplaneio-fluxcd/flux-operator")
	download.Dir = filepath.Join(repository, "rack/flux/operator")
	out, err := download.Output()
	if err != nil {
		p.t.Fatal(err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		p.t.Fatal(err)
	}
	for _, file := range p.fluxFiles(parts) {
		text, err := os.ReadFile(filepath.Join(module.Dir, "config/data/flux", string(p.stack.Versions.Flux), file+".yaml"))
		if err != nil {
			p.t.Fatal(err)
		}
		for _, o := range documents(p.t, string(text)) {
			if o.GetKind() == "CustomResourceDefinition" {
				continue
			}
			o.SetNamespace("flux-system")
			p.add(o)
		}
	}
}

// tree adds what Flux applies.
func (p *planner) tree(parts plan.Parts) {
	first, settings, err := gitops.Bootstrap(parts)
	if err != nil {
		p.t.Fatal(err)
	}
	cluster, problems := gitops.Load(sample.Root(p.t, repository, p.stack), first, settings)
	for _, problem := range problems {
		p.t.Error(problem)
	}
	sources := map[string]string{}
	for _, o := range cluster.Objects {
		if o.GetKind() == "OCIRepository" {
			sources[o.GetNamespace()+"/"+o.GetName()], _, _ = unstructured.NestedString(o.Object, "spec", "url")
		}
	}
	for _, o := range cluster.Objects {
		if o.GetKind() != "HelmRelease" {
			p.add(o.Unstructured)
			continue
		}
		name, found, _ := unstructured.NestedString(o.Object, "spec", "chart", "spec", "chart")
		if !found {
			ref, _, _ := unstructured.NestedString(o.Object, "spec", "chartRef", "name")
			name = sources[o.GetNamespace()+"/"+ref]
		}
		values, _, _ := unstructured.NestedMap(o.Object, "spec", "values")
		p.chart(name, o.GetName(), o.GetNamespace(), values)
	}
}

// chart adds what a release would install.
func (p *planner) chart(chart, release, namespace string, values map[string]any) {
	name := chart[strings.LastIndex(chart, "/")+1:]
	archive := p.archives[name]
	if archive == nil {
		p.t.Fatalf("no chart %q", chart)
	}
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		p.t.Fatal(err)
	}
	registry, err := helmregistry.NewClient()
	if err != nil {
		p.t.Fatal(err)
	}
	install := action.NewInstall(&action.Configuration{RegistryClient: registry})
	install.DryRun, install.ClientOnly = true, true
	install.ReleaseName, install.Namespace = release, namespace
	install.KubeVersion = &chartutil.KubeVersion{Version: string(p.stack.Cluster.KubernetesVersion)}
	installed, err := install.Run(loaded, values)
	if err != nil {
		p.t.Fatalf("chart %s: %v", name, err)
	}
	for _, o := range documents(p.t, installed.Manifest) {
		if o.GetNamespace() == "" {
			o.SetNamespace(namespace)
		}
		p.add(o)
		p.operated(o)
	}
}

// operated adds what the operator of Prometheus makes of an object.
func (p *planner) operated(o *unstructured.Unstructured) {
	set, service, err := prometheus.Made(o)
	if err != nil {
		p.t.Fatal(err)
	}
	if set == nil {
		return
	}
	for _, made := range []any{set, service} {
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(made)
		if err != nil {
			p.t.Fatal(err)
		}
		p.add(&unstructured.Unstructured{Object: object})
	}
}

func documents(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, document := range strings.Split("\n"+text, "\n---") {
		raw, err := kyaml.YAMLToJSON([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if o := (&unstructured.Unstructured{}); string(raw) != "null" {
			if err := o.UnmarshalJSON(raw); err != nil {
				t.Fatal(err)
			}
			all = append(all, o)
		}
	}
	return all
}

// archives are the rack's charts by name.
func archives(t *testing.T, stack *spec.Stack, planned []plan.Chart) map[string][]byte {
	t.Helper()
	// Definitions are of no interest here, but a chart is not packaged without those that it brings.
	definitions := t.TempDir()
	for _, set := range []string{
		"rook", "objectbucket", "flux-operator", "cert-manager", "external-dns", "external-secrets", "snapshot",
		"prometheus-operator", "volsync", "longhorn", "zfs-localpv",
	} {
		dir := filepath.Join(definitions, set)
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		text := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: " + set + "}\nspec: {}\n"
		if err := os.WriteFile(filepath.Join(dir, set+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := charts.All(planned, stack.Versions, os.DirFS(filepath.Join(repository, "kubernetes")), charts.Options{CRDs: definitions})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, c := range all {
		found[c.Name()] = c.Archive
	}
	return found
}
