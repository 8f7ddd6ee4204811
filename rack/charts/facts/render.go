package facts

import (
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/charts/uses"
)

// render is what Helm makes of the chart without a cluster.
func render(c *chart.Chart, use uses.Use) (*release.Release, error) {
	client, err := registry.NewClient()
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(&action.Configuration{RegistryClient: client})
	install.DryRun, install.ClientOnly, install.IncludeCRDs = true, true, false
	install.ReleaseName, install.Namespace = use.Release, use.Namespace
	version, err := chartutil.ParseKubeVersion(use.Kubernetes)
	if err != nil {
		return nil, err
	}
	install.KubeVersion = version
	return install.Run(c, use.Values)
}

// documents are the objects in a YAML stream. What is no object, such as an empty document, is left out.
func documents(text string) []unstructured.Unstructured {
	var found []unstructured.Unstructured
	for _, document := range strings.Split("\n"+text, "\n---") {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil || o.GetKind() == "" {
			continue
		}
		if items, ok := o.Object["items"].([]any); ok && strings.HasSuffix(o.GetKind(), "List") {
			for _, item := range items {
				if inner, ok := item.(map[string]any); ok {
					found = append(found, unstructured.Unstructured{Object: inner})
				}
			}
			continue
		}
		found = append(found, o)
	}
	return found
}
