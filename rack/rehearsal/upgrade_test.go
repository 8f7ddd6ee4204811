package rehearsal

import (
	"os"
	"strings"
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
	earliest := strings.NewReplacer("v1.14.1", "v1.11.1", "v1.14", "v1.11", "v1.36.4", "v1.34.1").Replace(upgraded)
	for _, c := range []struct{ name, file, want, aim string }{
		{"", upgraded, "v1.14.1 v1.14 v1.36.4", "v1.14.1 v1.14 v1.36.4"},
		{"roll", upgraded, "v1.14.1 v1.14 v1.36.4", "v1.14.1 v1.14 v1.36.4"},
		{"upgrade-talos", upgraded, "v1.13.9 v1.13 v1.36.4", "v1.14.1 v1.14 v1.36.4"},
		{"upgrade-kubernetes", upgraded, "v1.14.1 v1.14 v1.35.4", "v1.14.1 v1.14 v1.36.4"},
		{"upgrade-talos", earliest, "v1.11.1 v1.11 v1.34.1", "v1.12.0 v1.11 v1.34.1"},
	} {
		name, want := c.name, c.want
		file, copied := stackFileOf(t, c.file)
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
		for what, cluster := range map[string]struct{ is, want string }{
			"in the room":      {versionsOf(r.stack.Cluster), want},
			"as written":       {versionsOf(written.Cluster), want},
			"that it is to be": {versionsOf(r.aim), c.aim},
		} {
			if cluster.is != cluster.want {
				t.Errorf("%s: the cluster %s has %s, want %s", name, what, cluster.is, cluster.want)
			}
		}
	}
}

func versionsOf(c spec.Cluster) string {
	return string(c.TalosVersion + " " + c.TalosContract + " " + c.KubernetesVersion)
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
