package readiness

import (
	"context"
	"embed"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// cases are objects of each kind with what their rule makes of them: one file for a kind, one entry for a case.
//
//go:embed testdata
var cases embed.FS

// verdictCase is one entry: an object, what it finds beside it, and the verdict. An entry that is not ready says
// what is waited for.
type verdictCase struct {
	Object   map[string]any   `json:"object"`
	Beside   []map[string]any `json:"beside"`
	Ready    bool             `json:"ready"`
	Failed   bool             `json:"failed"`
	Settles  bool             `json:"settles"`
	Status   string           `json:"status"`
	Problems []string         `json:"problems"`
}

// get finds an object among those beside the case's own.
func (c verdictCase) get(
	_ context.Context, gvk schema.GroupVersionKind, _, name string,
) (*unstructured.Unstructured, error) {
	for _, fields := range c.Beside {
		if other := (&unstructured.Unstructured{Object: fields}); other.GetKind() == gvk.Kind && other.GetName() == name {
			return other, nil
		}
	}
	return nil, nil
}

func TestRules(t *testing.T) {
	files, err := fs.Glob(cases, "testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for _, file := range files {
		kind := strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".yaml")
		covered[kind] = true
		t.Run(kind, func(t *testing.T) {
			for name, test := range readCases(t, file) {
				t.Run(name, test.run)
			}
		})
	}
	for kind := range rules {
		if !covered[strings.ToLower(kind.Kind)] {
			t.Errorf("the rule of %s has no cases in testdata", kind)
		}
	}
}

func readCases(t *testing.T, file string) map[string]verdictCase {
	t.Helper()
	content, err := cases.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tests map[string]verdictCase
	if err := yaml.UnmarshalStrict(content, &tests); err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		test.Object = withIntegers(test.Object).(map[string]any)
		tests[name] = test
	}
	return tests
}

func (c verdictCase) run(t *testing.T) {
	object := &unstructured.Unstructured{Object: c.Object}
	rule, ok := For(object)
	if !ok {
		t.Fatalf("no rule for %s", object.GroupVersionKind())
	}
	verdict, err := rule.Judge(t.Context(), View{Object: object, Get: c.get})
	if err != nil {
		t.Fatal(err)
	}
	if verdict.Ready != c.Ready || verdict.Failed != c.Failed || (verdict.Settle > 0) != c.Settles {
		t.Errorf("ready %t, failed %t, settles for %s, want %t, %t, settling %t",
			verdict.Ready, verdict.Failed, verdict.Settle, c.Ready, c.Failed, c.Settles)
	}
	if !c.Ready && verdict.Status != c.Status {
		t.Errorf("status is %q, want %q", verdict.Status, c.Status)
	}
	if !slices.Equal(verdict.Problems, c.Problems) {
		t.Errorf("problems are %q, want %q", verdict.Problems, c.Problems)
	}
}

// withIntegers makes the whole numbers of an object integers, as the API's own decoder does.
func withIntegers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = withIntegers(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = withIntegers(inner)
		}
	case float64:
		return int64(v)
	}
	return value
}

func TestPersistentVolumeClaim_ThatWasBoundBeforeTheUpdateStaysReady(t *testing.T) {
	bound := readCases(t, "testdata/persistentvolumeclaim.yaml")["bound"]
	object := &unstructured.Unstructured{Object: bound.Object}
	rule, _ := For(object)
	late := verdictCase{Beside: []map[string]any{{
		"kind": "StorageClass", "metadata": map[string]any{"name": "block"}, "volumeBindingMode": "WaitForFirstConsumer",
	}}}
	verdict, err := rule.Judge(t.Context(), View{Object: object, Before: object, Get: late.get})
	if err != nil || !verdict.Ready {
		t.Errorf("ready is %t, error %v", verdict.Ready, err)
	}
}

func TestFor_NothingIsWaitedForThatTheGenuinePluginDoesNotWaitFor(t *testing.T) {
	for _, kind := range []schema.GroupVersionKind{
		{Version: "v1", Kind: "Namespace"},
		{Version: "v1", Kind: "ConfigMap"},
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
		{Group: "cilium.io", Version: "v2", Kind: "CiliumBGPClusterConfig"},
	} {
		created := &unstructured.Unstructured{Object: map[string]any{}}
		created.SetGroupVersionKind(kind)
		if _, ok := For(created); ok {
			t.Errorf("%s is waited for", kind)
		}
	}
}

func TestSettling_CountsFromTheLastChange(t *testing.T) {
	start := time.Now()
	ready := func(fingerprint string) Verdict {
		return Verdict{Ready: true, Settle: 10 * time.Second, Fingerprint: fingerprint}
	}
	var settling Settling
	for _, step := range []struct {
		after   time.Duration
		verdict Verdict
		want    bool
	}{
		{0, ready("1"), false},
		{9 * time.Second, ready("1"), false},
		{11 * time.Second, ready("2"), false}, // an endpoint came
		{20 * time.Second, ready("2"), false},
		{20 * time.Second, Verdict{}, false}, // a pod fell over
		{29 * time.Second, ready("2"), false},
		{40 * time.Second, ready("2"), true},
	} {
		if got := settling.Done(step.verdict, start.Add(step.after)); got != step.want {
			t.Errorf("after %s: done is %t, want %t", step.after, got, step.want)
		}
	}
}

func TestSettling_OfWhatNeedNotSettleIsAtOnce(t *testing.T) {
	var settling Settling
	if !settling.Done(Verdict{Ready: true}, time.Now()) {
		t.Error("a ready object must wait")
	}
}
