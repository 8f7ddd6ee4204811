package flows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestFlows_LetACopyOfAVolumeOut takes the policy out of the component that an app adds: without it, a copy would never
// reach storage in the home, and nobody would know before the first restore.
func TestFlows_LetACopyOfAVolumeOut(t *testing.T) {
	stack, objects := planned(t, "home")
	volume := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "volsync.backube/v1alpha1", "kind": "ReplicationSource",
		"metadata": map[string]any{"name": "photos", "namespace": "echo"},
	}}
	text, err := os.ReadFile(filepath.Join(repository, "kubernetes/components/volsync/networkpolicy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	policy := documents(t, strings.ReplaceAll(string(text), "${APP}", "photos"))[0]
	policy.SetNamespace("echo")

	if got := wrong(t, stack, append(objects, volume)); len(got) == 0 {
		t.Error("without the policy a copy reaches the home")
	}
	for _, finding := range wrong(t, stack, append(objects, volume, policy)) {
		t.Error(finding)
	}
}
