package readiness

import (
	"context"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// object reads an object written as YAML; only its status and what the rule looks at is there.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	content, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(content); err != nil {
		t.Fatal(err)
	}
	return read
}

// world is what a rule finds beside its object, by kind and name.
type world map[string]*unstructured.Unstructured

func (w world) get(
	_ context.Context, gvk schema.GroupVersionKind, _, name string,
) (*unstructured.Unstructured, error) {
	return w[gvk.Kind+"/"+name], nil
}

// verdictOn judges an object by the rule of its kind.
func verdictOn(t *testing.T, judged *unstructured.Unstructured, beside world) Verdict {
	t.Helper()
	rule, ok := For(judged)
	if !ok {
		t.Fatalf("no rule for %s", judged.GroupVersionKind())
	}
	verdict, err := rule.Judge(t.Context(), View{Object: judged, Get: beside.get})
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

// verdictTest is one row of a table: an object, and what its rule should make of it.
type verdictTest struct {
	object   string
	ready    bool
	failed   bool
	status   string
	problems []string
}

func (test verdictTest) run(t *testing.T, beside world) {
	t.Helper()
	verdict := verdictOn(t, object(t, test.object), beside)
	if verdict.Ready != test.ready || verdict.Failed != test.failed {
		t.Errorf("ready %t, failed %t, want %t, %t (%s)", verdict.Ready, verdict.Failed, test.ready, test.failed, verdict.Status)
	}
	if !test.ready && verdict.Status != test.status {
		t.Errorf("status is %q, want %q", verdict.Status, test.status)
	}
	if test.problems != nil && !slices.Equal(verdict.Problems, test.problems) {
		t.Errorf("problems are %q, want %q", verdict.Problems, test.problems)
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
