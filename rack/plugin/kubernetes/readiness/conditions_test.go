package readiness

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// widget is a custom resource of a generation, with a status.
func widget(generation int64, status map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Widget",
		"metadata": map[string]any{"name": "w", "generation": generation}, "status": status,
	}}
}

func TestConditions(t *testing.T) {
	ready := widget(3, map[string]any{
		"observedGeneration": int64(3), "phase": "Ready", "replicas": int64(2),
		"conditions": []any{
			map[string]any{"type": "Ready", "status": "True"},
			map[string]any{"type": "Old", "status": "True", "observedGeneration": int64(2)},
		},
	})
	for annotation, want := range map[string]string{ // the status while waiting; "" is ready
		"condition=Ready":                                       "",
		"condition=ready=true":                                  "",
		"condition=Ready=False":                                 "Resource has condition Ready=True (want False)",
		"condition=Synced":                                      "Resource has no condition Synced (want True)",
		"condition=Old":                                         "Generation 2 is less than expected 3",
		"jsonpath={.status.phase}":                              "",
		"jsonpath={.status.replicas}=2":                         "",
		"jsonpath={.status.phase}=Up":                           `Waiting for {.status.phase}=Up (found "Ready")`,
		"jsonpath={.status.none}":                               "{.status.none} selected nothing",
		`["condition=Ready", "jsonpath={.status.phase}=Ready"]`: "",
		`["condition=Ready", "condition=Synced"]`:               "Resource has no condition Synced (want True)",
	} {
		t.Run(annotation, func(t *testing.T) {
			rule, err := Conditions(annotation)
			if err != nil {
				t.Fatal(err)
			}
			verdict, err := rule.Judge(t.Context(), View{Object: ready})
			if err != nil {
				t.Fatal(err)
			}
			if verdict.Ready != (want == "") || !verdict.Ready && verdict.Status != want {
				t.Errorf("ready %t, status %q, want %q", verdict.Ready, verdict.Status, want)
			}
		})
	}
}

func TestConditions_RefusesWhatItCannotRead(t *testing.T) {
	for annotation, want := range map[string]string{
		"Ready":                     `expected a "jsonpath=" or "condition=" prefix, got "Ready"`,
		"jsonpath=.status.phase":    ".status.phase should be wrapped in brackets { ... }",
		"jsonpath={.status.phase}=": "{.status.phase}= requires a value",
		"jsonpath={.a}x":            `format should be {.path}=value or {.path}, got "{.a}x"`,
		"[]":                        "at least one condition must be specified",
	} {
		if _, err := Conditions(annotation); err == nil || err.Error() != want {
			t.Errorf("%s: error is %v, want %q", annotation, err, want)
		}
	}
}

func TestConditions_AnOlderGenerationDoesNotCount(t *testing.T) {
	stale := widget(3, map[string]any{"observedGeneration": int64(2), "phase": "Ready"})
	rule, err := Conditions("jsonpath={.status.phase}=Ready")
	if err != nil {
		t.Fatal(err)
	}
	if verdict, _ := rule.Judge(t.Context(), View{Object: stale}); verdict.Ready {
		t.Error("the status of an older generation counts")
	}
}
