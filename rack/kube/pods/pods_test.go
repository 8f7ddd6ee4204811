package pods

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/utils/expression"
)

func TestStages_StartContainersOnceTheInitContainersOfThisSandboxHaveRun(t *testing.T) {
	stage := requirements(t, "containers-start")
	for name, c := range map[string]struct {
		app, ran string
		want     bool
	}{
		"a pod like any other":                    {"echo", "", true},
		"nobody has made the pools":               {"zfs-pools", "", false},
		"they are made":                           {"zfs-pools", "2026-01-01T00:00:00Z", true},
		"they were made before the machine's end": {"zfs-pools", "2025-12-31T00:00:00Z", false},
	} {
		metadata := map[string]any{"name": "pod", "labels": map[string]any{"app.kubernetes.io/name": c.app}}
		if c.ran != "" {
			metadata["annotations"] = map[string]any{"rack.home-ops/init-containers-ran": c.ran}
		}
		pod := map[string]any{"metadata": metadata, "status": map[string]any{"phase": "Pending", "conditions": []any{
			map[string]any{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2025-12-31T00:00:00Z"},
			map[string]any{"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
		}}}
		got := true
		for _, r := range stage {
			matches, err := r.Matches(t.Context(), pod)
			if err != nil {
				t.Fatal(err)
			}
			got = got && matches
		}
		if got != c.want {
			t.Errorf("%s: its containers start: %t", name, got)
		}
	}
}

// requirements are what a pod must meet for the stage of a name, as KWOK reads them.
func requirements(t *testing.T, name string) []*expression.Requirement {
	t.Helper()
	for documents := yaml.NewDecoder(bytes.NewReader(stages)); ; {
		var stage struct {
			Metadata struct{ Name string }
			Spec     struct {
				Selector struct {
					MatchExpressions []struct {
						Key      string
						Operator internalversion.SelectorOperator
						Values   []string
					} `yaml:"matchExpressions"`
				}
			}
		}
		if err := documents.Decode(&stage); errors.Is(err, io.EOF) {
			t.Fatalf("there is no stage %s", name)
		} else if err != nil {
			t.Fatal(err)
		}
		if stage.Metadata.Name != name {
			continue
		}
		var all []*expression.Requirement
		for _, e := range stage.Spec.Selector.MatchExpressions {
			r, err := expression.NewRequirement(e.Key, e.Operator, e.Values)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		return all
	}
}
