package gitops_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// volumeParts are what a cluster's tree tells VolSync.
func volumeParts(cluster *gitops.Cluster) []gitops.Object {
	var parts []gitops.Object
	for _, o := range cluster.Objects {
		if o.GroupVersionKind().Group == "volsync.backube" {
			parts = append(parts, o)
		}
	}
	return parts
}

// A copier without a user of its own is refused in a namespace whose pods are restricted, and elsewhere may not read what its app wrote.
func TestTree_CopiersRunAsTheAppThatTheyCopy(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		cluster, problems := load(t, compose(t, stack), stack)
		report(t, problems)
		parts := volumeParts(cluster)
		if len(parts) == 0 {
			t.Errorf("%s copies no volume", stack.Name)
		}
		for _, o := range parts {
			var object struct {
				Spec struct {
					Restic struct {
						StorageClass string                     `json:"storageClassName"`
						Security     *corev1.PodSecurityContext `json:"moverSecurityContext"`
						Delete       bool                       `json:"enableFileDeletion"`
						Retain       struct {
							Last string `json:"last"`
						} `json:"retain"`
					} `json:"restic"`
				} `json:"spec"`
			}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &object); err != nil {
				t.Fatal(err)
			}
			restic := object.Spec.Restic
			s := restic.Security
			if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault ||
				s.RunAsUser == nil || s.FSGroup == nil || *s.RunAsUser != *s.FSGroup {
				t.Errorf("%s: %+v", o.Where(), s)
			} else if o.GetName() == "grafana" && *s.RunAsUser != 472 {
				t.Errorf("%s: Grafana runs as 472, not %d", o.Where(), *s.RunAsUser)
			}
			// What is restored is one copy, and not two, one over the other.
			if o.GetKind() == "ReplicationDestination" && !restic.Delete {
				t.Errorf("%s keeps files that the copy does not have", o.Where())
			}
			// A copy by hand is the last one of its day.
			if o.GetKind() == "ReplicationSource" && restic.Retain.Last == "" {
				t.Errorf("%s: a copy by hand takes that of the night away", o.Where())
			}
			// Those of Longhorn's own class outlive their claims.
			if restic.StorageClass == "longhorn" {
				t.Errorf("%s leaves a volume with each copy", o.Where())
			}
		}
	}
}

// A volume that begins as another stack's copy goes on with copies of its own.
func TestTree_AVolumeBeginsAsAnotherStacksCopy(t *testing.T) {
	stack := spectest.Lab(t)
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(compose(t, stack))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "kubernetes/apps/monitoring/kube-prometheus-stack/ks.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("/components/volsync\n", "/components/volsync\n    - ../../../../components/volsync-from\n", "APP: grafana\n", "APP: grafana\n      FROM_STACK: home\n").Replace(string(text))
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	cluster, problems := load(t, root, stack)
	report(t, append(problems, cluster.CheckNeeds(stack)...))
	repositories, addresses := map[string]string{}, map[string]string{}
	for _, o := range cluster.Objects {
		of := func(fields ...string) string {
			var value any = o.Object
			for _, field := range fields {
				m, _ := value.(map[string]any)
				value = m[field]
			}
			text, _ := value.(string)
			return text
		}
		if o.GroupVersionKind().Group == "volsync.backube" {
			repositories[o.GetKind()] = of("spec", "restic", "repository")
		}
		if address := of("spec", "target", "template", "data", "RESTIC_REPOSITORY"); strings.Contains(address, "/volumes/") {
			addresses[o.GetName()] = address
		}
	}
	if repositories["ReplicationSource"] != "grafana-backup" || repositories["ReplicationDestination"] != "grafana-backup-from" {
		t.Errorf("%v", repositories)
	}
	if !strings.HasSuffix(addresses["grafana-backup"], "/lab/volumes/grafana") || !strings.HasSuffix(addresses["grafana-backup-from"], "/home/volumes/grafana") {
		t.Errorf("%v", addresses)
	}
}
