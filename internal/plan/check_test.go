package plan_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/plan"
)

func settings(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "home-ops"},
	}
}

func release(name string) *plan.Release {
	return &plan.Release{
		Name: name, Namespace: "home-ops",
		Chart: plan.Chart{Registry: "oci://registry.test/charts", Name: name, Version: "1.2.3"},
	}
}

func TestCheck_ReportsEveryFault(t *testing.T) {
	unnamed := settings("")
	unnamed.Kind = ""
	nowhere, bare := release("dns"), release("dns")
	nowhere.Chart = plan.Chart{}
	bare.Chart.Registry = "registry.test/charts"
	for name, test := range map[string]struct {
		steps plan.Steps
		want  string
	}{
		"a plan that is sound": {plan.Steps{
			{Name: "a", Object: settings("a"), After: []string{"b"}, Needs: []plan.Condition{plan.Network}},
			{Name: "b", Release: release("b")},
		}, ""},
		"no name": {plan.Steps{{Object: settings("a")}}, "a step has no name"},
		"two steps of one name": {
			plan.Steps{{Name: "a", Object: settings("a")}, {Name: "a", Object: settings("b")}},
			"step a: there are two of this name",
		},
		"two steps of one object": {
			plan.Steps{{Name: "a", Object: settings("x")}, {Name: "b", Object: settings("x")}},
			"step b: it makes ConfigMap home-ops/x, and so does step a",
		},
		"two steps of one release": {
			plan.Steps{{Name: "a", Release: release("x")}, {Name: "b", Release: release("x")}},
			"step b: it makes Release home-ops/x, and so does step a",
		},
		"nothing": {plan.Steps{{Name: "a"}}, "step a: it is 0 things; give it an object, a release or a download"},
		"two things": {
			plan.Steps{{Name: "a", Object: settings("a"), Release: release("a")}},
			"step a: it is 2 things; give it an object, a release or a download",
		},
		"no object at all":  {plan.Steps{{Name: "a", Object: "x"}}, "step a: string is not an object: json: cannot unmarshal string into Go value of type map[string]interface {}"},
		"half an object":    {plan.Steps{{Name: "a", Object: unnamed}}, "step a: *v1.ConfigMap: kind and metadata.name is empty"},
		"half a release":    {plan.Steps{{Name: "a", Release: nowhere}}, "step a: the chart's registry is empty\nthe chart's name is empty\nthe chart's version is empty\nthe chart's registry is \"\"; write oci:// or https://"},
		"a bare registry":   {plan.Steps{{Name: "a", Release: bare}}, "step a: the chart's registry is \"registry.test/charts\"; write oci:// or https://"},
		"an unknown step":   {plan.Steps{{Name: "a", Object: settings("a"), After: []string{"c"}}}, "step a: it waits for step \"c\", which there is none of"},
		"an unknown need":   {plan.Steps{{Name: "a", Object: settings("a"), Needs: []plan.Condition{"luck"}}}, "step a: it needs \"luck\", which is no condition"},
		"a value nowhere":   {plan.Steps{{Name: "a", Object: settings("a"), From: []plan.From{{Value: "token"}}}}, "step a: a late value has no path or no name"},
		"a second timeout":  {plan.Steps{{Name: "a", Release: release("a"), Timeout: time.Minute}}, "step a: a release's timeout belongs into the release"},
		"one after itself":  {plan.Steps{{Name: "a", Object: settings("a"), After: []string{"a"}}}, "steps wait for each other in a circle: a"},
		"a circle of three": {plan.Steps{{Name: "z", Object: settings("z")}, {Name: "a", Object: settings("a"), After: []string{"c"}}, {Name: "b", Object: settings("b"), After: []string{"a"}}, {Name: "c", Object: settings("c"), After: []string{"b"}}}, "steps wait for each other in a circle: a, b, c"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := test.steps.Check(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if ordered, err := test.steps.Ordered(); (err == nil) != (test.want == "") {
				t.Errorf("ordered %v, %v", ordered, err)
			}
		})
	}
}

func TestOrdered_PutsStepsAfterWhatTheyWaitForAndElseKeepsTheOrder(t *testing.T) {
	steps := plan.Steps{
		{Name: "policy", Object: settings("policy"), After: []string{"release"}},
		{Name: "secret", Object: settings("secret"), After: []string{"namespace"}},
		{Name: "namespace", Object: settings("namespace")},
		{Name: "release", Release: release("release"), After: []string{"namespace", "secret"}},
	}
	ordered, err := steps.Ordered()
	if want := "namespace secret release policy"; err != nil || strings.Join(ordered.Names(), " ") != want {
		t.Errorf("%s, %v; want %s", strings.Join(ordered.Names(), " "), err, want)
	}
}

func TestExpand_PutsObjectsInThePlaceOfADownload(t *testing.T) {
	steps := plan.Steps{
		{Name: "namespace", Object: settings("namespace")},
		{Name: "kinds", Download: &plan.Download{URL: "https://example.test/kinds.yaml"}, After: []string{"namespace"}, Needs: []plan.Condition{plan.Network}},
		{Name: "release", Release: release("release"), After: []string{"namespace", "kinds"}},
	}
	expanded, err := steps.Expand("kinds", plan.Steps{
		{Name: "kinds-a", Object: settings("a"), Keep: plan.Retain}, {Name: "kinds-b", Object: settings("b"), After: []string{"kinds-a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]plan.Step{}
	for _, step := range expanded {
		byName[step.Name] = step
	}
	for step, want := range map[string]string{
		"kinds-a": "namespace", "kinds-b": "namespace kinds-a", "release": "namespace kinds-a kinds-b",
	} {
		if got := strings.Join(byName[step].After, " "); got != want {
			t.Errorf("%s comes after %q, want %q", step, got, want)
		}
	}
	if needs := byName["kinds-b"].Needs; len(needs) != 1 || byName["kinds-a"].Keep != plan.Retain || len(expanded) != 4 {
		t.Errorf("%+v", expanded)
	}
	if _, err := steps.Expand("release", nil); err == nil || err.Error() != `the plan has no download "release"` {
		t.Errorf("error %v", err)
	}
}

func TestParts_ReportWhatTwoComponentsMake(t *testing.T) {
	parts := plan.Parts{
		{Component: "", Steps: plan.Steps{{Name: "one", Object: settings("x")}}},
		{Component: "edge", Steps: plan.Steps{{Name: "two", Object: settings("x")}}},
	}
	err := parts.Check()
	if want := "edge: step two makes ConfigMap home-ops/x, and so does stack's step one"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
