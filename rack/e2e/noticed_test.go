package e2e

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/gitarchive"
)

// scenariosFolder has all scenarios in one package, so that which one a change concerns is asked of its declarations.
const scenariosFolder = "rack/rehearsal"

// declaration is a declaration's source, without its comments, and the names that stand in it.
type declaration struct {
	text  string
	names []string
}

// declarations are those of a folder's files, tests left out, by name; a method's has a dot before it. Names are not told apart by where
// they are valid: rather a declaration too many is taken for a scenario's own than one too few.
func declarations(folder string) (map[string][]declaration, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	all := map[string][]declaration{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		positions := token.NewFileSet()
		parsed, err := parser.ParseFile(positions, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range parsed.Decls {
			var text strings.Builder
			if err := printer.Fprint(&text, positions, d); err != nil {
				return nil, err
			}
			for _, name := range declared(d) {
				all[name] = append(all[name], declaration{text.String(), namesIn(d)})
			}
		}
	}
	return all, nil
}

// declared are the names that a declaration gives. A method that others may call without its name, by an interface, comes with its type.
func declared(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		names = []string{"." + d.Name.Name}
		if d.Name.IsExported() {
			names = append(names, namesIn(d.Recv.List[0].Type)...)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// namesIn are the names that stand in a piece of source, those of methods, fields and other packages after a dot.
func namesIn(node ast.Node) []string {
	var names []string
	selected := map[*ast.Ident]bool{}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			selected[n.Sel] = true
		case *ast.Ident:
			if selected[n] {
				names = append(names, "."+n.Name)
			} else {
				names = append(names, n.Name)
			}
		}
		return true
	})
	return names
}

// reached is the source that can be reached from the names, on a way that does not lead through the table.
func reached(all map[string][]declaration, table string, from ...string) string {
	var texts []string
	seen := map[string]bool{table: true}
	for len(from) > 0 {
		name := from[0]
		from = from[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, d := range all[name] {
			texts, from = append(texts, d.text), append(from, d.names...)
		}
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), "\n\n")
}

// scenarioFunctions are the names of the functions in the table of package rehearsal, by the scenarios' names.
func scenarioFunctions(folder string) (map[string]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, "scenarios.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	functions := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			name, isName := kv.Key.(*ast.BasicLit)
			function, isFunction := kv.Value.(*ast.Ident)
			if isName && isFunction {
				functions[strings.Trim(name.Value, `"`)] = function.Name
			}
		}
		return true
	})
	return functions, nil
}

// scenarioSources are what each scenario does, as source, by the scenarios' names.
func scenarioSources(folder string) (map[string]string, error) {
	all, err := declarations(folder)
	if err != nil {
		return nil, err
	}
	functions, err := scenarioFunctions(folder)
	if err != nil {
		return nil, err
	}
	sources := map[string]string{}
	for name, function := range functions {
		sources[name] = reached(all, "scenarios", "Run", function)
	}
	return sources, nil
}

// scenarioSourcesAt are those of a commit, by way of an empty folder.
func scenarioSourcesAt(ctx context.Context, project, commit, dir string) (map[string]string, error) {
	take := func(file string) bool { return path.Dir(file) == scenariosFolder }
	if err := gitarchive.Extract(ctx, project, commit, dir, take); err != nil {
		return nil, err
	}
	return scenarioSources(filepath.Join(dir, scenariosFolder))
}

func TestSameFor_IsAnotherCommitThatTheScenarioDoesNotNotice(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	commit := func(file, text string) string {
		t.Helper()
		path := filepath.Join(dir, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		git("add", "-A")
		git("commit", "-qm", "change")
		return git("rev-parse", "HEAD")
	}
	git("init", "-q")
	commit("rack/rehearsal/scenarios.go", "package p\nvar scenarios = map[string]func(){\"loss\": loss, \"roll\": roll}\nfunc Run() { scenarios[\"\"]() }")
	commit("rack/rehearsal/roll.go", "package p\nfunc roll() {}")
	before := commit("rack/rehearsal/loss.go", "package p\nfunc loss() { feel() }\nfunc feel() {}")
	for _, c := range []struct {
		file, text string
		roll, loss bool
	}{
		{"rack/rehearsal/loss.go", "package p\nfunc loss() { feel() }\n// feel is said anew.\nfunc feel() {}", true, true},
		{"rack/rehearsal/loss.go", "package p\nfunc loss() { feel() }\nfunc feel() { loss() }", true, false},
		{"rack/rehearsal/rack_test.go", "package p", true, true},
		{"docs/guide.md", "a page", true, true},
		{"docs/runbooks/roll.md", "its commands are run", false, false},
		{"main.go", "package main", false, false},
	} {
		after := commit(c.file, c.text)
		same := sameFor(t, dir, after)
		if roll, loss := same("roll", before), same("loss", before); roll != c.roll || loss != c.loss {
			t.Errorf("%s, %q: roll %t, want %t; loss %t, want %t", c.file, c.text, roll, c.roll, loss, c.loss)
		}
		if same("roll", "0123456789012345678901234567890123456789") {
			t.Error("a commit that is not here is the same")
		}
		before = after
	}
	if sameFor(t, dir, "")("roll", before) {
		t.Error("a working tree that is no commit is the same as one")
	}
}

func TestReached_IsWhatAScenarioComesTo(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{
		"run.go":     "package p\nvar table = map[string]func(){\"a\": a, \"b\": b}\nfunc run(name string) { shared(); table[name]() }",
		"shared.go":  "package p\n// shared is said of both.\nfunc shared() {}",
		"a.go":       "package p\nfunc a() { t{}.helps(); _ = first }",
		"b.go":       "package p\nfunc b() { _ = second }",
		"t.go":       "package p\ntype t struct{ u }\nfunc (t) helps() {}\nfunc (*t) String() string { return \"t\" }\nfunc (t) idle() {}",
		"u.go":       "package p\ntype u struct{}",
		"counted.go": "package p\nconst (\n\tzero = iota + base\n\tfirst\n)\nconst base = 7",
		"second.go":  "package p\nvar second = 2",
		"a_test.go":  "package p\nfunc helps() { b() }",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := declarations(dir)
	if err != nil {
		t.Fatal(err)
	}
	for function, want := range map[string]string{
		"a": "const (\n\tzero\t= iota + base\n\tfirst\n)\n\nconst base = 7\n\nfunc (*t) String() string\t{ return \"t\" }\n\nfunc (t) helps()\t{}\n\n" +
			"func a()\t{ t{}.helps(); _ = first }\n\nfunc run(name string)\t{ shared(); table[name]() }\n\nfunc shared()\t{}\n\ntype t struct{ u }\n\ntype u struct{}",
		"b": "func b()\t{ _ = second }\n\nfunc run(name string)\t{ shared(); table[name]() }\n\nfunc shared()\t{}\n\nvar second = 2",
	} {
		if got := reached(all, "table", "run", function); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", function, got, want)
		}
	}
}

func TestScenarioSources_HaveTheirOwnWords(t *testing.T) {
	sources, err := scenarioSources(filepath.Join(project, scenariosFolder))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		scenario, text string
		want           bool
	}{
		{"roll", "func roll(", true},
		{"roll", "func destroy(", false},
		{"destroy", "func destroy(", true},
		{"roll", ") check(ctx", true},
		{"loss", ") newStack(", true},
		{"loss", "func rotate(", false},
		{"rotate", "func rotate(", true},
		{"everywhere", "func interrupted(", false},
	} {
		if got := strings.Contains(sources[c.scenario], c.text); got != c.want {
			t.Errorf("%s in %s: %t", c.text, c.scenario, got)
		}
	}
}
