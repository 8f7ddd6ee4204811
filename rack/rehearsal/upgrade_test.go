package rehearsal

import (
	"os"
	"testing"

	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/spec"
)

// The file that a rehearsal begins with names secrets that it does not hold yet.
const upgraded = `config:
  home-ops:cluster: { domain: example.com, talosVersion: v1.14.1, talosContract: v1.14, kubernetesVersion: v1.36.4 }
  home-ops:network: { nodeCIDRs: [10.0.0.0/16] }
  home-ops:nodes: [{ name: cp-1, role: controlPlane, address: 10.0.50.11, installDisk: { serial: A1 } }]
  home-ops:flux: { repository: "https://github.com/example/home.git" }
  home-ops:onepasswordToken: { secure: v1:operators-secret }
`

func TestBegin_MakesTheClusterOfTheReleaseBefore(t *testing.T) {
	for name, want := range map[string]string{
		"":                   "v1.14.1 v1.14 v1.36.4",
		"roll":               "v1.14.1 v1.14 v1.36.4",
		"upgrade-talos":      "v1.13.9 v1.13 v1.36.4",
		"upgrade-kubernetes": "v1.14.1 v1.14 v1.35.4",
	} {
		file, copied := stackFileOf(t, upgraded)
		stack, problems := spec.Load("home", []byte(copied))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		r := &rehearsal{config: &room.Config{Scenario: name}, stack: stack, aim: stack.Cluster, file: file}
		if err := r.begin(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := os.ReadFile(file.Copy)
		if err != nil {
			t.Fatal(err)
		}
		written, problems := spec.Load("home", text)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*spec.Stack{r.stack, written} {
			c := s.Cluster
			if got := string(c.TalosVersion + " " + c.TalosContract + " " + c.KubernetesVersion); got != want {
				t.Errorf("%s: begins with %s, want %s", name, got, want)
			}
		}
		if r.aim.TalosVersion != "v1.14.1" || r.aim.KubernetesVersion != "v1.36.4" {
			t.Errorf("%s: the aim moved to %s and %s", name, r.aim.TalosVersion, r.aim.KubernetesVersion)
		}
	}
}

func TestPullKubernetes_HasTheMinorsThatTheRoomRuns(t *testing.T) {
	config := &room.Config{ControlPlanes: room.Releases{{Version: "v1.35.4"}, {Version: "v1.36.4"}}}
	for ref, there := range map[string]bool{
		"ghcr.io/siderolabs/kubelet:v1.36.2":                  true,
		"registry.k8s.io/kube-apiserver:v1.35.4@sha256:abcde": true,
		"registry.k8s.io/kube-scheduler:v1.37.1":              false,
		"ghcr.io/siderolabs/kubelet:v1.34.1":                  false,
		"registry.k8s.io/kube-apiserver":                      false,
		"factory.talos.dev/metal-installer/abc:v1.14.1":       true,
	} {
		if err := pullKubernetes(config, ref); (err == nil) != there {
			t.Errorf("%s: %v", ref, err)
		}
	}
}
