package charts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/home-ops/home-ops/rack/charts/lock"
	"github.com/home-ops/home-ops/rack/charts/uses"
)

// TestLock_ListsWhatStacksInstallAndNoMore holds each version to the place that the program or the tree takes it from.
func TestLock_ListsWhatStacksInstallAndNoMore(t *testing.T) {
	all, err := uses.Project("../..")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, use := range all {
		key := use.Place + " " + use.Version
		if used[key] {
			continue
		}
		used[key] = true
		if _, err := lock.Find(use.Place, use.Version); err != nil {
			t.Errorf("%s of %s: %v", use.Release, use.Stack, err)
		}
	}
	entries, err := lock.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range entries {
		if !used[l.Place+" "+l.Version] {
			t.Errorf("%s %s: no stack installs it any more; take it out of lock.yaml", l.Place, l.Version)
		}
		if l.Verified == "" || (l.SHA256 != "" && len(l.SHA256) != 64) {
			t.Errorf("%s %s: say how it was verified, and the whole sha256: %+v", l.Place, l.Version, l)
		}
	}
}

func TestAll_RefusesWhatTheLockDoesNotList(t *testing.T) {
	charts := planned(t)
	for i := range charts {
		if charts[i].Name == "cert-manager" {
			charts[i].Version = "v9.9.9"
		}
	}
	_, err := All(charts, versions(t), fstest.MapFS{}, Options{CRDs: definitions(t)})
	want := "oci://quay.io/jetstack/charts/cert-manager v9.9.9 is not in rack/charts/lock/lock.yaml; add it once you know that it is published there"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLocked_NamesThePlaceThatHasTheVersion(t *testing.T) {
	_, err := lock.Find("oci://ghcr.io/rook/rook-ceph", "v1.16.3")
	if err == nil || !strings.Contains(err.Error(), "; that version is listed at https://charts.rook.io/release/rook-ceph;") {
		t.Errorf("got %v", err)
	}
}

// folderWith is a folder of genuine charts that holds a package of the chart's own name and version.
func folderWith(t *testing.T, entry lock.Entry, name, version string) string {
	t.Helper()
	archive, err := pack(name, map[string][]byte{"Chart.yaml": []byte("apiVersion: v2\nname: " + name + "\nversion: " + version + "\n")})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, entry.File()), archive, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAll_TakesGenuineChartsFromTheFolder(t *testing.T) {
	entry, err := lock.Find("oci://ghcr.io/stakater/charts/reloader", "2.2.16")
	if err != nil {
		t.Fatal(err)
	}
	all, err := All(nil, versions(t), os.DirFS(tree), Options{CRDs: definitions(t), Genuine: folderWith(t, entry, "reloader", "2.2.16")})
	if err != nil {
		t.Fatal(err)
	}
	genuine := 0
	for _, c := range all {
		if !c.Genuine {
			continue
		}
		genuine++
		read, err := loader.LoadArchive(bytes.NewReader(c.Archive))
		if err != nil || read.Name() != "reloader" || len(read.Templates) != 0 || c.Name() != "reloader" {
			t.Errorf("%s: it is not what lies in the folder (%v)", c.Place, err)
		}
	}
	if genuine != 1 {
		t.Errorf("%d charts are genuine, want 1", genuine)
	}
}

func TestGenuine_RefusesAPackageThatIsAnotherChart(t *testing.T) {
	entry := lock.Entry{Place: "oci://ghcr.io/stakater/charts/reloader", Version: "2.2.16"}
	_, err := genuine(entry, Options{Genuine: folderWith(t, entry, "reloader", "2.2.17")})
	if err == nil || !strings.HasSuffix(err.Error(), "/reloader-2.2.16.tgz: it holds reloader 2.2.17") {
		t.Errorf("got %v", err)
	}
}

func TestGenuine_RefusesAPackageOfAnotherSum(t *testing.T) {
	entry := lock.Entry{Place: "oci://ghcr.io/stakater/charts/reloader", Version: "2.2.16", SHA256: strings.Repeat("0", 64), Verified: "here"}
	dir := folderWith(t, entry, "reloader", "2.2.16")
	_, err := genuine(entry, Options{Genuine: dir})
	if err == nil || !strings.HasSuffix(err.Error(), ", and "+entry.SHA256+" in rack/charts/lock/lock.yaml (here)") {
		t.Errorf("got %v", err)
	}
	content, err := os.ReadFile(filepath.Join(dir, entry.File()))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	entry.SHA256 = hex.EncodeToString(sum[:])
	if c, err := genuine(entry, Options{Genuine: dir}); err != nil || c == nil {
		t.Errorf("the listed package: %v", err)
	}
}

// A module keeps a chart as its releases find it: with a version to be filled in.
func TestGenuine_PutsAChartTogetherOutOfItsModule(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"deploy/charts/app/Chart.template.yaml":    "apiVersion: v2\nname: app\nversion: v0.0.0\nappVersion: v0.0.0\n",
		"deploy/charts/app/values.yaml":            "a: 1\n",
		"deploy/charts/app/templates/service.yaml": "kind: Service\n",
		"deploy/charts/app/templates/crd.yaml":     "kind: CustomResourceDefinition\n",
		"deploy/README.md":                         "# Not of the chart\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	entry := lock.Entry{Place: "oci://quay.io/x/app", Version: "v1.2.3", Module: &lock.Module{Path: "example.com/app", Folder: "deploy/charts/app"}}
	c, err := genuine(entry, Options{Modules: map[string]string{"example.com/app": dir}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Metadata.Version != "v1.2.3" || c.Metadata.AppVersion != "v1.2.3" || len(c.Templates) != 2 || c.Values["a"] != 1.0 {
		t.Errorf("got %+v with %d templates and values %v", c.Metadata, len(c.Templates), c.Values)
	}
}
