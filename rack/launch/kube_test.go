package launch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

func TestKubeParts_BuildTheProgramsOfTheStacksReleases(t *testing.T) {
	rack, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                        string
		sets                        []spec.Cluster
		clients, plane, etcd, built string
	}{
		{
			"the rack's own",
			[]spec.Cluster{{KubernetesVersion: "v1.34.1", TalosVersion: "v1.11.1"}},
			"rack-kube", "rack-kube", "rack-kube", "rack-kube",
		},
		{
			"another Kubernetes",
			[]spec.Cluster{{KubernetesVersion: "v1.36.4", TalosVersion: "v1.13.9"}},
			"rack-clients", "rack-kube-v1.36", "rack-clients", "rack-kube-v1.36 rack-clients",
		},
		{
			"another etcd, too",
			[]spec.Cluster{{KubernetesVersion: "v1.36.4", TalosVersion: "v1.14.1"}},
			"rack-clients", "rack-kube-v1.36", "rack-etcd-v3.7", "rack-kube-v1.36 rack-clients rack-etcd-v3.7",
		},
		{
			"a new Kubernetes",
			[]spec.Cluster{{KubernetesVersion: "v1.35.4", TalosVersion: "v1.14.1"}, {KubernetesVersion: "v1.36.4", TalosVersion: "v1.14.1"}},
			"rack-clients", "rack-kube-v1.35 rack-kube-v1.36", "rack-etcd-v3.7", "rack-kube-v1.35 rack-kube-v1.36 rack-clients rack-etcd-v3.7",
		},
		{
			"from the rack's own Kubernetes",
			[]spec.Cluster{{KubernetesVersion: "v1.34.1", TalosVersion: "v1.13.9"}, {KubernetesVersion: "v1.35.4", TalosVersion: "v1.13.9"}},
			"rack-kube", "rack-kube rack-kube-v1.35", "rack-kube", "rack-kube rack-kube-v1.35",
		},
		{
			"a new etcd",
			[]spec.Cluster{{KubernetesVersion: "v1.36.4", TalosVersion: "v1.13.9"}, {KubernetesVersion: "v1.36.4", TalosVersion: "v1.14.1"}},
			"rack-clients", "rack-kube-v1.36", "rack-clients rack-etcd-v3.7", "rack-kube-v1.36 rack-clients rack-etcd-v3.7",
		},
	} {
		config := &room.Config{}
		parts, err := kubeParts(rack, "/bin", c.sets, config)
		if err != nil {
			t.Fatal(err)
		}
		var built []string
		for _, p := range parts {
			built = append(built, filepath.Base(p.Output))
			for _, plane := range config.ControlPlanes {
				if p.Output == plane.Path && !strings.Contains(p.LDFlags, "gitVersion="+plane.Version) {
					t.Errorf("%s: the version of %s is not stamped in: %s", c.name, p.Name, p.LDFlags)
				}
			}
		}
		got := []string{filepath.Base(config.Kube), paths(config.ControlPlanes), paths(config.Etcds), strings.Join(built, " ")}
		if want := []string{c.clients, c.plane, c.etcd, c.built}; !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, want)
		}
	}
}

func paths(all room.Releases) string {
	var names []string
	for _, r := range all {
		names = append(names, filepath.Base(r.Path))
	}
	return strings.Join(names, " ")
}

// A module without requirements cannot import the constant.
func TestEntry_TakesTheHostnameFromTheRacksVariable(t *testing.T) {
	content, err := os.ReadFile("../kube/entry/entry.go")
	if err != nil {
		t.Fatal(err)
	}
	constant := regexp.MustCompile(`(?m)^const HostnameVariable = "(.*)"$`)
	if found := constant.FindSubmatch(content); found == nil || string(found[1]) != process.HostnameVariable {
		t.Errorf("HostnameVariable is %q, and the rack's is %s", found, process.HostnameVariable)
	}
}
