package launch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
)

func program(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFinder_TakesTheNearestGenuinePlugin(t *testing.T) {
	t.Setenv("PATH", filepath.Join(t.TempDir(), "path"))
	home, chosen, standIn := t.TempDir(), t.TempDir(), t.TempDir()
	talos := room.Plugin{Name: "talos", Version: "v0.7.1"}
	find := finder{chosen: chosen, pulumiHome: home, standIn: standIn}
	expect := func(kind report.Kind, path string) {
		t.Helper()
		got, err := find.plugin(talos)
		if err != nil || got.Kind != kind || got.Path != path {
			t.Errorf("got %s %s, %v; want %s %s", got.Kind, got.Path, err, kind, path)
		}
	}

	expect(report.StandIn, filepath.Join(standIn, "pulumi-resource-talos"))
	onPath := program(t, filepath.Join(os.Getenv("PATH"), "pulumi-resource-talos"))
	expect(report.Genuine, onPath)
	program(t, filepath.Join(home, "plugins", "resource-talos-v0.7.0", "pulumi-resource-talos"))
	expect(report.Genuine, onPath) // another version is not what the program asks for
	installed := program(t, filepath.Join(home, "plugins", "resource-talos-v0.7.1", "pulumi-resource-talos"))
	expect(report.Genuine, installed)
	expect(report.Genuine, installed)
	named := program(t, filepath.Join(chosen, "pulumi-resource-talos"))
	expect(report.Genuine, named)
}

func TestFinder_SaysWhatToInstallWhereThereIsNoStandIn(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := finder{pulumiHome: t.TempDir()}.plugin(room.Plugin{Name: "vsphere", Version: "v4.1.0"})
	want := "the program needs the vsphere plugin v4.1.0, and the rack has no stand-in for it; install it with `pulumi plugin install resource vsphere 4.1.0`"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRequiredPlugins_ReadsThemFromTheProgramsModules(t *testing.T) {
	got, err := requiredPlugins(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, p := range got {
		names[p.Name] = p.Version
	}
	for _, name := range []string{"talos", "kubernetes", "cloudflare", "github", "onepassword"} {
		if !strings.HasPrefix(names[name], "v") {
			t.Errorf("%s: version %q; all: %v", name, names[name], names)
		}
	}
}
