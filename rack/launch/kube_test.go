package launch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/rack/kube/process"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// What is rehearsed is what is installed: a release that a stack is raised to is raised in the rack, too.
func TestControlPlanes_AreOfTheReleasesThatStacksInstall(t *testing.T) {
	all, err := controlPlanes("..")
	if err != nil {
		t.Fatal(err)
	}
	for stack, want := range map[string]spec.Version{
		"home": spectest.Home(t).Cluster.KubernetesVersion, "lab": spectest.Lab(t).Cluster.KubernetesVersion,
		"that of homeops init": firststack.KubernetesVersion,
	} {
		if got := nearest(all, string(want)); got.version != string(want) {
			t.Errorf("the stack %s has Kubernetes %s, and the nearest that the rack can run is %s; raise it in %s/go.mod, or add rack/kube/vMINOR",
				stack, want, got.version, got.module)
		}
	}
}

func TestNearest_IsOfTheSameMinorOrTheFewestAway(t *testing.T) {
	all := []released{{"a", "v1.34.1"}, {"b", "v1.36.4"}}
	for version, want := range map[string]string{
		"v1.34.9": "a", "v1.36.0": "b", "v1.35.4": "a", "v1.33.1": "a", "v1.40.0": "b",
	} {
		if got := nearest(all, version).module; got != want {
			t.Errorf("%s: got %s, want %s", version, got, want)
		}
	}
}

func TestKubeParts_BuildTheControlPlaneOfTheStacksRelease(t *testing.T) {
	rack, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kubernetes, talos  spec.Version
		plane, etcd, built string
	}{
		{"v1.34.1", "v1.11.1", "/bin/rack-kube", "/bin/rack-kube", "/bin/rack-kube"},
		{"v1.36.4", "v1.13.9", "/bin/rack-kube-v1.36", "/bin/rack-clients", "/bin/rack-kube-v1.36 /bin/rack-clients"},
		{"v1.36.4", "v1.14.1", "/bin/rack-kube-v1.36", "/bin/rack-etcd-v3.7", "/bin/rack-kube-v1.36 /bin/rack-clients /bin/rack-etcd-v3.7"},
	} {
		config := &room.Config{}
		parts, err := kubeParts(rack, "/bin", &spec.Stack{Cluster: spec.Cluster{KubernetesVersion: c.kubernetes, TalosVersion: c.talos}}, config)
		if err != nil {
			t.Fatal(err)
		}
		var built []string
		for _, p := range parts {
			built = append(built, p.Output)
			if p.Output == config.ControlPlane.Path && !strings.Contains(p.LDFlags, "gitVersion="+config.ControlPlane.Version) {
				t.Errorf("%s: its version is not stamped in: %s", p.Name, p.LDFlags)
			}
		}
		if config.ControlPlane.Path != c.plane || config.Etcd.Path != c.etcd || strings.Join(built, " ") != c.built {
			t.Errorf("Kubernetes %s on Talos %s: %+v, %+v, built %v", c.kubernetes, c.talos, config.ControlPlane, config.Etcd, built)
		}
	}
}

// A module of its own cannot import the constant.
func TestOtherModules_TakeTheHostnameFromTheSameVariable(t *testing.T) {
	files, err := filepath.Glob("../kube/*v*/main.go")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	constant := regexp.MustCompile(`(?m)^const hostnameVariable = "(.*)"$`)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := constant.FindSubmatch(content); found == nil || string(found[1]) != process.HostnameVariable {
			t.Errorf("%s: hostnameVariable is %q, and the rack's is %s", file, found, process.HostnameVariable)
		}
	}
}
