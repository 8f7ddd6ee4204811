package mergekeys

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/home-ops/home-ops/internal/golden"
)

// kinds is the extension of a definition that names the kinds which it is of.
const kinds = "x-kubernetes-group-version-kind"

func TestSchema_IsMadeOfKustomizesOwn(t *testing.T) {
	p := prune(kustomizes(t))
	left := map[string]any{}
	for name, d := range p.all {
		// A kind is known to kustomize even if nothing in it is merged.
		if p.leads[name] || d[kinds] != nil {
			left[name] = p.rest(d)
		}
	}
	text, err := json.MarshalIndent(map[string]any{"swagger": "2.0", "definitions": left}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, "schema.json", append(text, '\n'))
}

// A definition is one of an OpenAPI document, as JSON has it.
type definition = map[string]any

// kustomizes are the definitions that kustomize brings, by their names.
func kustomizes(t *testing.T) map[string]definition {
	t.Helper()
	openapi.ResetOpenAPI()
	raw, err := json.Marshal(openapi.Schema())
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ Definitions map[string]definition }
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	return read.Definitions
}

// pruning leaves of definitions the ways to lists that are merged.
type pruning struct {
	all map[string]definition
	// leads are the names of those with such a way.
	leads map[string]bool
}

func prune(all map[string]definition) pruning {
	p := pruning{all, map[string]bool{}}
	for before := -1; before < len(p.leads); {
		before = len(p.leads)
		for name, d := range all {
			if p.toList(d) {
				p.leads[name] = true
			}
		}
	}
	return p
}

// toList says whether d is a list that is merged, or leads to one as far as is known.
func (p pruning) toList(d definition) bool {
	if name, ok := d["$ref"].(string); ok {
		return p.leads[strings.TrimPrefix(name, "#/definitions/")]
	}
	if merged(d) {
		return true
	}
	properties, _ := d["properties"].(definition)
	for _, property := range properties {
		if p.toList(property.(definition)) {
			return true
		}
	}
	for _, name := range []string{"items", "additionalProperties"} {
		if below, ok := d[name].(definition); ok && p.toList(below) {
			return true
		}
	}
	return false
}

func merged(d definition) bool {
	strategy, _ := d["x-kubernetes-patch-strategy"].(string)
	return d["type"] == "array" && slices.Contains(strings.Split(strategy, ","), "merge")
}

// rest is what is left of d.
func (p pruning) rest(d definition) definition {
	left := definition{}
	for _, name := range []string{"$ref", "type", kinds} {
		if value, ok := d[name]; ok {
			left[name] = value
		}
	}
	if merged(d) {
		for _, name := range []string{"x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key", "x-kubernetes-list-map-keys"} {
			if value, ok := d[name]; ok {
				left[name] = value
			}
		}
	}
	below := definition{}
	properties, _ := d["properties"].(definition)
	for name, property := range properties {
		if property := property.(definition); p.toList(property) {
			below[name] = p.rest(property)
		}
	}
	if len(below) > 0 {
		left["properties"] = below
	}
	for _, name := range []string{"items", "additionalProperties"} {
		if part, ok := d[name].(definition); ok && (merged(d) || p.toList(part)) {
			left[name] = p.rest(part)
		}
	}
	return left
}

// It asks kustomize itself, at every field of every kind, once with its own definitions and once with ours.
func TestUse_LeavesEveryListMergedAsItWas(t *testing.T) {
	definitions := kustomizes(t)
	want := mergedLists(definitions)
	for _, list := range []string{
		"apps/v1 Deployment spec template spec containers [] ports: merge [containerPort protocol]",
		"v1 Service spec ports: merge [port protocol]",
		"v1 ServiceAccount secrets: merge [name]",
	} {
		if !slices.Contains(want, list) {
			t.Errorf("%s: is not among %d lists", list, len(want))
		}
	}
	openapi.ResetOpenAPI()
	if err := use(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, mergedLists(definitions)); diff != "" {
		t.Errorf("-as kustomize has it, +with schema.json:\n%s", diff)
	}
}

// mergedLists are the lists that kustomize would merge, in every kind of the definitions, each with its strategy and keys.
func mergedLists(definitions map[string]definition) []string {
	var lists []string
	for _, d := range definitions {
		of, _ := d[kinds].([]any)
		for _, kind := range of {
			kind := kind.(definition)
			meta := yaml.TypeMeta{APIVersion: strings.TrimPrefix(fmt.Sprintf("%v/%v", kind["group"], kind["version"]), "/"), Kind: kind["kind"].(string)}
			walk(definitions, d, openapi.SchemaForResourceType(meta), meta.APIVersion+" "+meta.Kind, map[string]int{}, &lists)
		}
	}
	slices.Sort(lists)
	return slices.Compact(lists)
}

// walk follows a definition and what kustomize knows of it. Some definitions contain themselves: they are entered twice.
func walk(definitions map[string]definition, d definition, known *openapi.ResourceSchema, at string, entered map[string]int, lists *[]string) {
	if known == nil {
		return
	}
	if name, ok := d["$ref"].(string); ok {
		if entered[name] == 2 {
			return
		}
		entered = maps.Clone(entered)
		entered[name]++
		d = definitions[strings.TrimPrefix(name, "#/definitions/")]
	}
	if strategy, keys := known.PatchStrategyAndKeyList(); slices.Contains(strings.Split(strategy, ","), "merge") && d["type"] == "array" {
		*lists = append(*lists, fmt.Sprintf("%s: %s %v", at, strategy, keys))
	}
	properties, _ := d["properties"].(definition)
	for name, property := range properties {
		walk(definitions, property.(definition), known.Field(name), at+" "+name, entered, lists)
	}
	if items, ok := d["items"].(definition); ok {
		walk(definitions, items, known.Elements(), at+" "+openapi.Elements, entered, lists)
	}
	if values, ok := d["additionalProperties"].(definition); ok {
		walk(definitions, values, known.Field("any"), at+" {}", entered, lists)
	}
}
