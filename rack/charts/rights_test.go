package charts

import (
	"bytes"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/sample"
	"github.com/home-ops/home-ops/stacks"
)

// What the genuine program may do in a rehearsal with GENUINE=1 is what its own chart lets it do in the house.
func TestStandIn_GivesExternalSecretsTheRightsOfItsChart(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads a module")
	}
	const role = "external-secrets-controller"
	module, err := build.Downloaded(t.Context(), "../genuine/external-secrets", "github.com/external-secrets/external-secrets")
	if err != nil {
		t.Fatal(err)
	}
	genuine, err := loader.LoadDir(filepath.Join(module, "deploy", "charts", "external-secrets"))
	if err != nil {
		t.Fatal(err)
	}
	genuine.Metadata.Dependencies = nil // one that is off
	want := rightsOf(t, genuine, role)

	stack := sample.Stack(t, "home")
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	all, err := All(parts.Charts(), stack.Versions, os.DirFS("../../kubernetes"), Options{CRDs: definitions(t)})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(c Chart) bool { return c.Name() == "external-secrets" })
	if i < 0 {
		t.Fatal("the stack has no External Secrets")
	}
	standIn, err := loader.LoadArchive(bytes.NewReader(all[i].Archive))
	if err != nil {
		t.Fatal(err)
	}
	got := rightsOf(t, standIn, role)
	for right := range got {
		if !want[right] {
			t.Errorf("the stand-in lets it %s, the genuine chart does not", right)
		}
	}
	for right := range want {
		// Generators are not among what rack/genuine compiles, nor are stores that take tokens of service accounts.
		generator := strings.Contains(right, " generators.external-secrets.io/") && !strings.HasSuffix(right, "/generatorstates")
		if !got[right] && !generator && right != "create /serviceaccounts/token" {
			t.Errorf("the genuine chart lets it %s, the stand-in does not", right)
		}
	}
}

// rightsOf are those of a ClusterRole of the chart with its own values, as VERB GROUP/RESOURCE.
func rightsOf(t *testing.T, c *chart.Chart, role string) map[string]bool {
	t.Helper()
	c.Templates = slices.DeleteFunc(c.Templates, func(f *chart.File) bool {
		return !slices.Contains([]string{"rbac.yaml", "rights.yaml"}, path.Base(f.Name)) && path.Ext(f.Name) != ".tpl"
	})
	values, err := chartutil.ToRenderValues(c, nil, chartutil.ReleaseOptions{Name: "external-secrets", Namespace: "external-secrets"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(c, values)
	if err != nil {
		t.Fatal(err)
	}
	rights := map[string]bool{}
	for text := range maps.Values(files) {
		for document := range strings.SplitSeq("\n"+text, "\n---") {
			var r rbacv1.ClusterRole
			if err := yaml.Unmarshal([]byte(document), &r); err != nil || r.Kind != "ClusterRole" || r.Name != role {
				continue
			}
			for _, rule := range r.Rules {
				for _, group := range rule.APIGroups {
					for _, resource := range rule.Resources {
						for _, verb := range rule.Verbs {
							rights[verb+" "+group+"/"+resource] = true
						}
					}
				}
			}
		}
	}
	if len(rights) == 0 {
		t.Fatalf("%s has no ClusterRole %s", c.Name(), role)
	}
	return rights
}
