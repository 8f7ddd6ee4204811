package charts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/yaml"
)

const tree = "../../kubernetes"

// TestTree_HasAStandInForEveryChart renders each chart of the tree with the values that the tree gives it.
func TestTree_HasAStandInForEveryChart(t *testing.T) {
	all, err := All(nil, versions(t), os.DirFS(tree), Options{CRDs: definitions(t)})
	if err != nil {
		t.Fatal(err)
	}
	archives := map[string][]byte{}
	for _, c := range all {
		archives[c.Place] = c.Archive
	}
	releases, err := filepath.Glob(tree + "/apps/*/*/*/helmrelease.yaml")
	if err != nil || len(releases) == 0 {
		t.Fatalf("the tree has no releases (%v)", err)
	}
	for _, file := range releases {
		t.Run(filepath.Base(filepath.Dir(filepath.Dir(file))), func(t *testing.T) {
			name, values := helmRelease(t, file)
			for place, archive := range archives {
				if strings.HasSuffix(place, "/"+name) {
					manifest, err := render(t, archive, name, "there", values)
					if err != nil {
						t.Fatal(err)
					}
					if len(objects(t, manifest)) == 0 {
						t.Error("it renders nothing")
					}
					return
				}
			}
			t.Errorf("no stand-in for %s", name)
		})
	}
}

var (
	number  = regexp.MustCompile(`\$\{[A-Z_]+_(REPLICAS|PROVISIONING)\}`)
	truth   = regexp.MustCompile(`\$\{[A-Z_]+_DEFAULT_CLASS\}`)
	setting = regexp.MustCompile(`\$\{[A-Z_]+\}`)
)

// helmRelease is the chart that a release of the tree is of, and its values, with something for every setting.
func helmRelease(t *testing.T, file string) (string, map[string]any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		Spec struct {
			Chart struct {
				Spec struct {
					Chart string `json:"chart"`
				} `json:"spec"`
			} `json:"chart"`
			Values map[string]any `json:"values"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(setting.ReplaceAll(truth.ReplaceAll(number.ReplaceAll(content, []byte("3")), []byte("true")), []byte("setting")), &release); err != nil {
		t.Fatal(err)
	}
	if name := release.Spec.Chart.Spec.Chart; name != "" {
		return name, release.Spec.Values
	}
	content, err = os.ReadFile(filepath.Join(filepath.Dir(file), "ocirepository.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var s source
	if err := yaml.Unmarshal(content, &s); err != nil {
		t.Fatal(err)
	}
	return s.Spec.URL[strings.LastIndex(s.Spec.URL, "/")+1:], release.Spec.Values
}

func TestAll_RefusesAChartOfTheTreeThatNobodyPlays(t *testing.T) {
	unknown := `kind: OCIRepository
spec:
  url: oci://ghcr.io/someone/charts/new
  ref: {tag: 1.0.0}
  layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip}
`
	_, err := All(nil, versions(t), fstest.MapFS{"apps/new.yaml": {Data: []byte(unknown)}}, Options{CRDs: definitions(t)})
	want := "apps/new.yaml: there is no stand-in for oci://ghcr.io/someone/charts/new; add a row to rack/charts/table.go and a folder of templates"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRepositories_ServeAnIndexAndItsChart(t *testing.T) {
	all, err := All(planned(t), versions(t), fstest.MapFS{}, Options{CRDs: definitions(t)})
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := Repositories(all)
	if err != nil {
		t.Fatal(err)
	}
	for host, path := range map[string]string{
		"charts.rook.io": "/release/rook-ceph-v1.16.3.tgz", "charts.longhorn.io": "/longhorn-1.11.3.tgz",
		"openebs.github.io": "/zfs-localpv/zfs-localpv-2.8.0.tgz",
	} {
		index := get(t, hosts[host], filepath.Join(filepath.Dir(path), "index.yaml"))
		if !strings.Contains(index, filepath.Base(path)) || strings.Contains(index, "digest: \"\"") {
			t.Errorf("%s: the index is\n%s", host, index)
		}
		if get(t, hosts[host], path) == "" {
			t.Errorf("%s: no chart", host)
		}
	}
}
