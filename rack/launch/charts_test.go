package launch

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func folderOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestChartsFolder_RefusesOneWithoutCharts(t *testing.T) {
	dir := folderOf(t, "README.md")
	_, err := chartsFolder(t.Context(), t.TempDir(), Options{Charts: dir, Out: io.Discard})
	want := "charts: " + dir + " holds no package; put NAME-VERSION.tgz there, or say CHARTS=genuine to have them fetched"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestChartsFolder_RefusesAPackageThatNothingAsksFor(t *testing.T) {
	dir := folderOf(t, "reloader-2.2.16.tgz", "reloader-2.2.15.tgz")
	_, err := chartsFolder(t.Context(), t.TempDir(), Options{Charts: dir, Out: io.Discard})
	want := "charts: " + dir + "/reloader-2.2.15.tgz is of no chart and version in rack/charts/lock/lock.yaml"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := os.Remove(filepath.Join(dir, "reloader-2.2.15.tgz")); err != nil {
		t.Fatal(err)
	}
	if got, err := chartsFolder(t.Context(), t.TempDir(), Options{Charts: dir, Out: io.Discard}); err != nil || got != dir {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestChartModules_HaveTheChartsThatGoModPins(t *testing.T) {
	got, err := chartModules(t.Context(), "../crds")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"github.com/cilium/cilium", "github.com/cert-manager/cert-manager"} {
		if !strings.Contains(got[path], filepath.Base(path)+"@v") {
			t.Errorf("%s: %q", path, got[path])
		}
	}
}
