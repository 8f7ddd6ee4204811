package readiness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// Conditions is the rule of a pulumi.com/waitFor annotation: one condition, or a JSON list of conditions that must
// all hold. A condition is "condition=TYPE[=STATUS]" or "jsonpath={.path}[=VALUE]", as kubectl wait knows them.
func Conditions(annotation string) (Rule, error) {
	var expressions []string
	if err := json.Unmarshal([]byte(annotation), &expressions); err != nil {
		expressions = []string{annotation}
	}
	if len(expressions) == 0 {
		return Rule{}, errors.New("at least one condition must be specified")
	}
	var judges []func(*unstructured.Unstructured) Verdict
	for _, expression := range expressions {
		judge, err := parseCondition(expression)
		if err != nil {
			return Rule{}, err
		}
		judges = append(judges, judge)
	}
	return Rule{Judge: func(_ context.Context, view View) (Verdict, error) {
		for _, judge := range judges {
			if verdict := judge(view.Object); !verdict.Ready {
				verdict.Problems = []string{verdict.Status}
				return verdict, nil
			}
		}
		return Verdict{Ready: true}, nil
	}}, nil
}

func parseCondition(expression string) (func(*unstructured.Unstructured) Verdict, error) {
	if path, ok := strings.CutPrefix(expression, "jsonpath="); ok {
		return parseJSONPath(path)
	}
	named, ok := strings.CutPrefix(expression, "condition=")
	if !ok {
		return nil, fmt.Errorf(`expected a "jsonpath=" or "condition=" prefix, got %q`, expression)
	}
	kind, want, ok := strings.Cut(named, "=")
	if !ok {
		want = "True"
	}
	return func(object *unstructured.Unstructured) Verdict { return hasCondition(object, kind, want) }, nil
}

// hasCondition compares without regard to case. A condition of an older generation does not count.
func hasCondition(object *unstructured.Unstructured, kind, want string) Verdict {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range list {
		fields, _ := item.(map[string]any)
		name, _ := fields["type"].(string)
		if !strings.EqualFold(name, kind) {
			continue
		}
		found, _ := conditionOf(object, name)
		generation := found.observedGeneration
		if generation == 0 {
			generation = integerOr(object.GetGeneration(), object, "status", "observedGeneration")
		}
		if generation < object.GetGeneration() {
			return Verdict{Status: fmt.Sprintf("Generation %d is less than expected %d", generation, object.GetGeneration())}
		}
		return Verdict{
			Ready:  strings.EqualFold(found.status, want),
			Status: fmt.Sprintf("Resource has condition %s=%s (want %s)", kind, found.status, want),
		}
	}
	return Verdict{Status: fmt.Sprintf("Resource has no condition %s (want %s)", kind, want)}
}

// parseJSONPath reads {.path} or {.path}=value.
func parseJSONPath(expression string) (func(*unstructured.Unstructured) Verdict, error) {
	end := strings.LastIndex(expression, "}")
	if !strings.HasPrefix(expression, "{") || end < 0 {
		return nil, fmt.Errorf("%s should be wrapped in brackets { ... }", expression)
	}
	template, rest := expression[:end+1], expression[end+1:]
	want, hasValue := strings.CutPrefix(rest, "=")
	switch {
	case rest != "" && !hasValue:
		return nil, fmt.Errorf("format should be {.path}=value or {.path}, got %q", expression)
	case hasValue && want == "":
		return nil, fmt.Errorf("%s= requires a value", template)
	}
	path := jsonpath.New("waitFor").AllowMissingKeys(true)
	if err := path.Parse(template); err != nil {
		return nil, fmt.Errorf("parsing %q: %w", template, err)
	}

	return func(object *unstructured.Unstructured) Verdict {
		if integerOr(object.GetGeneration(), object, "status", "observedGeneration") < object.GetGeneration() {
			return Verdict{Status: "Waiting for the generation to be observed"}
		}
		found, err := path.FindResults(object.Object)
		if err != nil || len(found) == 0 || len(found[0]) == 0 {
			return Verdict{Status: template + " selected nothing"}
		}
		have := fmt.Sprint(found[0][0].Interface())
		return Verdict{Ready: !hasValue || have == want, Status: fmt.Sprintf("Waiting for %s (found %q)", expression, have)}
	}, nil
}
