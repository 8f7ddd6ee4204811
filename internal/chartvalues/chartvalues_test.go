package chartvalues_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/internal/chartvalues"
)

func TestOver_MergesMapsAndReplacesTheRest(t *testing.T) {
	type operator struct {
		Replicas int      `json:"replicas"`
		Zones    []string `json:"zones"`
	}
	got, err := chartvalues.Over("values.yaml", []byte("operator: { replicas: 2, zones: [a, b], priority: high }\nkept: true\n"),
		map[string]operator{"operator": {1, []string{"c"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"operator": map[string]any{"replicas": 1.0, "zones": []any{"c"}, "priority": "high"},
		"kept":     true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOver_NamesTheFile(t *testing.T) {
	_, err := chartvalues.Over("components/x/values.yaml", []byte("a: 1: 2"), nil)
	if want := "components/x/values.yaml: yaml: mapping values are not allowed in this context"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
