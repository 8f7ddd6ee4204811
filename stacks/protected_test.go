package stacks

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec/spectest"
)

// everyProtected are the names of all that a run of any stack protects: the samples, with authorities that were rotated, and Ceph with
// all that it can have.
func everyProtected(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, stack := range []string{"home", "lab"} {
		rec := engine(t, stack, func(config map[string]string) {
			var cluster map[string]any
			if err := json.Unmarshal([]byte(config["home-ops:cluster"]), &cluster); err != nil {
				t.Fatal(err)
			}
			cluster["talosCA"], cluster["kubernetesCA"] = map[string]any{"issuing": 2}, map[string]any{"issuing": 3}
			text, err := json.Marshal(cluster)
			if err != nil {
				t.Fatal(err)
			}
			config["home-ops:cluster"] = string(text)
		})
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err, rec.Messages())
		}
		for _, r := range rec.Resources() {
			if r.Request.GetProtect() {
				names[r.Name] = true
			}
		}
	}
	for _, path := range []string{"../components/rook/testdata/Pulumi.everything.yaml", "../components/rook/testdata/Pulumi.pools.yaml"} {
		parts, err := Plan(spectest.Load(t, path))
		if err != nil {
			t.Fatal(path, err)
		}
		for _, part := range parts {
			for _, step := range part.Steps {
				if step.Keep == plan.Protect {
					names[part.Component+"-"+step.Name] = true
				}
			}
		}
	}
	return names
}

var code = regexp.MustCompile("`([^`]+)`")

// The page of what a destroy stops at names what is protected, and nothing else: NAME and N stand for the owner's words.
func TestCluster_ProtectsWhatThePageSays(t *testing.T) {
	const page = "../docs/runbooks/destroy.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| protected | in the state | because |\n| --- | --- | --- |\n")
	if !found {
		t.Fatalf("%s has no table of what is protected", page)
	}
	var forms []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			break
		}
		for _, name := range code.FindAllStringSubmatch(cells[2], -1) {
			forms = append(forms, name[1])
		}
	}
	names := everyProtected(t)
	if len(names) < 10 {
		t.Fatalf("only %v are protected", names)
	}
	used := map[string]bool{}
	for name := range names {
		form := formOf(forms, name)
		if form == "" {
			t.Errorf("%s does not name %s", page, name)
		}
		used[form] = true
	}
	for _, form := range forms {
		if !used[form] {
			t.Errorf("%s names %s, and nobody protects it", page, form)
		}
	}
}

// formOf is the form that a name has; one that is written out comes before one with a place for the owner's words, and of these the
// longest.
func formOf(forms []string, name string) string {
	sorted := slices.SortedFunc(slices.Values(forms), func(a, b string) int { return len(b) - len(a) })
	if slices.Contains(sorted, name) {
		return name
	}
	for _, form := range sorted {
		whole := strings.ReplaceAll(form, "NAME", "[a-z0-9-]+")
		if numbered, ok := strings.CutSuffix(whole, "-N"); ok {
			whole = numbered + "-[0-9]+"
		}
		if regexp.MustCompile("^" + whole + "$").MatchString(name) {
			return form
		}
	}
	return ""
}
