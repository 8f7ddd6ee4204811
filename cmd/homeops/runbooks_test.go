package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/runbook"
	"github.com/home-ops/home-ops/spec/spectest"
)

// here are the commands of the runbooks that are run against fakes, each with what stands for its words.
var here = map[string]func(t *testing.T, run func(with map[string]string) outcome){
	"homeops state restore STACK -identity key.txt": func(t *testing.T, run func(map[string]string) outcome) {
		r := newRecovery(t)
		before := r.held(t)
		succeed(t, "state", "save", "home")
		if err := os.Remove(filepath.Join(r.pulumi, "state.json")); err != nil {
			t.Fatal(err)
		}
		if got := run(map[string]string{"key.txt": r.identity}); got.code != exitOK || r.held(t) != before {
			t.Errorf("%+v", got)
		}
	},
	"homeops breakglass open STACK -identity key.txt -out opened": func(t *testing.T, run func(map[string]string) outcome) {
		r := newRecovery(t)
		succeed(t, "breakglass", "save", "home")
		out := filepath.Join(t.TempDir(), "opened")
		if got := run(map[string]string{"key.txt": r.identity, "opened": out}); got.code != exitOK {
			t.Errorf("%+v", got)
		}
		if _, err := os.Stat(filepath.Join(out, "talosconfig")); err != nil {
			t.Error(err)
		}
	},
	"homeops breakglass save STACK": func(t *testing.T, run func(map[string]string) outcome) {
		r := newRecovery(t)
		if got := run(nil); got.code != exitOK {
			t.Errorf("%+v", got)
		}
		if kept, err := os.ReadDir(r.place); err != nil || len(kept) != 1 {
			t.Errorf("%d copies, %v", len(kept), err)
		}
	},
	"homeops breakglass put STACK -identity key.txt": func(t *testing.T, run func(map[string]string) outcome) {
		r := newRecovery(t)
		r.secrets.Items = append(r.secrets.Items, gatewaySecret("network", "gateways-tls"))
		succeed(t, "breakglass", "save", "home")
		if got := run(map[string]string{"key.txt": r.identity}); got.code != exitOK || len(r.made) != 2 {
			t.Errorf("%+v, made %v", got, r.made)
		}
	},
	"homeops validate --from origin/main": func(t *testing.T, run func(map[string]string) outcome) {
		project(t, map[string]string{"home": good(t)})
		git(t, "init", "-q")
		git(t, "add", ".")
		git(t, "-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-qm", "before")
		git(t, "update-ref", "refs/remotes/origin/main", "HEAD")
		if got := run(nil); got.code != exitOK {
			t.Errorf("%+v", got)
		}
	},
	"homeops frr STACK": func(t *testing.T, run func(map[string]string) outcome) {
		content, err := os.ReadFile(spectest.LabFile(t))
		if err != nil {
			t.Fatal(err)
		}
		project(t, map[string]string{"lab": string(content)})
		if got := run(map[string]string{"STACK": "lab"}); got.code != exitOK || !strings.Contains(got.out, "router bgp") {
			t.Errorf("%+v", got)
		}
	},
	"homeops doctor home": func(t *testing.T, run func(map[string]string) outcome) {
		r := newRecovery(t)
		if err := os.Remove(filepath.Join(r.pulumi, "state.json")); err != nil {
			t.Fatal(err)
		}
		if got := run(nil); got.code != exitProblem || !strings.Contains(got.out, "the backend has no stack home") {
			t.Errorf("%+v", got)
		}
	},
}

// inTest are commands of sentences that a test runs in other words: a part of it, and its file.
var inTest = map[string]struct{ file, words string }{
	"homeops sops": {"sops_test.go", `homeops(t, "", "sops")`},
	"homeops init --break-glass age1...@/media/break-glass": {"init_breakglass_test.go", `"age1abc@/media/stick"`},
	"homeops reset STACK -break-glass DIR":                  {"../../rack/rolltest/reset_test.go", `append(args, "-break-glass", o.opened)`},
}

func TestRunbooks_EachCommandIsRunByATestOrAScenario(t *testing.T) {
	commands, err := runbook.All(os.DirFS("../.."))
	if err != nil || len(commands) < 50 {
		t.Fatalf("%d commands, %v", len(commands), err)
	}
	known := inScenarios(t)
	known.shell = inShell(t)
	used := map[string]bool{}
	for _, c := range commands {
		keys := known.runIt(t, c)
		if len(keys) == 0 {
			t.Errorf("%s: nobody runs it. Let a scenario (rack/rehearsal/pages.go) or this test do it, or say in `nobody` why that cannot be", c)
		}
		for _, key := range keys {
			used[key] = true
		}
	}
	for _, table := range []map[string]bool{keys(here), keys(nobody), keys(inTest), known.shell, known.commands} {
		for key := range table {
			if !used[key] {
				t.Errorf("no page has %q", key)
			}
		}
	}
}

// runIt are the keys under which a command is run, or said to be run by nobody.
func (s scenarios) runIt(t *testing.T, c runbook.Command) []string {
	t.Helper()
	var found []string
	if at := c.Page + ": " + c.Text; s.commands[at] {
		found = append(found, at)
	}
	if here[c.Text] != nil {
		found = append(found, c.Text)
	}
	if !c.Inline && s.shell[c.Page+": "+c.Text] {
		found = append(found, c.Page+": "+c.Text)
	}
	if nobody[c.Text] != "" {
		found = append(found, c.Text)
	}
	if test, ok := inTest[c.Text]; ok {
		if text, err := os.ReadFile(test.file); err != nil || !strings.Contains(string(text), test.words) {
			t.Errorf("%s: %s has no %q, %v", c, test.file, test.words, err)
		}
		found = append(found, c.Text)
	}
	switch program := c.Program(); {
	case program == "make", program == "homeops" && c.Named():
		// Those of make are below, and so are those that a sentence names by their words alone.
		found = append(found, program)
	case program == "kubectl" && s.checked, program == "pulumi" && c.Inline && s.checked:
		// The room asks kubectl and pulumi themselves.
		found = append(found, program)
	case (c.Inline || c.Guide()) && s.anywhere(strings.TrimPrefix(c.Text, "go run ./cmd/")):
		// Sentences and guides repeat what a runbook has.
		found = append(found, program)
	}
	return found
}

func keys[V any](m map[string]V) map[string]bool {
	all := map[string]bool{}
	for key := range m {
		all[key] = true
	}
	return all
}

func TestRunbooks_CommandsRunAgainstFakes(t *testing.T) {
	commands, err := runbook.All(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]bool{}
	for _, c := range commands {
		if do := here[c.Text]; do != nil && !c.Inline && !done[c.Text] {
			done[c.Text] = true
			t.Run(c.Text, func(t *testing.T) {
				do(t, func(with map[string]string) outcome {
					t.Helper()
					return typed(t, c, with)
				})
			})
		}
	}
}

// typed runs a command of homeops as a page has it, on the stack home.
func typed(t *testing.T, c runbook.Command, with map[string]string) outcome {
	t.Helper()
	all := map[string]string{"STACK": "home", "NODE": "worker-1", "DIR": "opened"}
	for word, value := range with {
		all[word] = value
	}
	words, err := c.Words(all)
	if err != nil {
		t.Fatal(err)
	}
	return homeops(t, "", words[1:]...)
}

// Where there is no project nothing is done, and what is wrong with the command line is said before that.
func TestRunbooks_OptionsAreThoseOfTheCommands(t *testing.T) {
	commands, err := runbook.All(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, c := range commands {
		if c.Program() != "homeops" {
			continue
		}
		if c.Named() {
			words := strings.Fields(c.Text)
			got := homeops(t, "", words[1], "-help")
			_, usage, _ := strings.Cut(got.out, "Usage: ")
			usage, _, _ = strings.Cut(usage, "\n")
			for _, word := range words {
				if !slices.Contains(strings.Fields(usage), word) {
					t.Errorf("%s: %+v", c, got)
				}
			}
			continue
		}
		if got := typed(t, c, nil); got.code != exitProblem || !strings.Contains(got.err, "no Pulumi.yaml in this directory or above") {
			t.Errorf("%s: %+v", c, got)
		}
	}
}

// Make calls programs that tell what they were given: it must come to one of ours, with every word of the command.
func TestRunbooks_MakeDoesWhatThePagesTellItTo(t *testing.T) {
	commands, err := runbook.All(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range runbook.First {
		first, err := runbook.Page(os.DirFS("../.."), page)
		if err != nil {
			t.Fatal(err)
		}
		commands = append(commands, first...)
	}
	programs := map[string]string{
		"go":     `while [ "$1" != -o ]; do shift; done; printf '#!/bin/sh\necho %s "$@"\n' "${2##*/}" >"$2" && chmod +x "$2"` + "\n",
		"pulumi": "echo pulumi \"$@\" $HOMEOPS_AT\n",
	}
	done := map[string]bool{}
	for _, c := range commands {
		if c.Program() != "make" || done[c.Text] || ofMakeAlone[c.Text] {
			continue
		}
		done[c.Text] = true
		words, err := c.Words(map[string]string{"STACK=STACK": "STACK=lab"})
		if err != nil && nobody[c.Text] == "" {
			t.Error(err)
		}
		if err != nil {
			continue
		}
		words = slices.DeleteFunc(words[1:], func(word string) bool { return word == "" })
		out, err := bare(t, programs, words...)
		if err != nil {
			t.Errorf("%s: %v\n%s", c, err, out)
			continue
		}
		if !calls.MatchString(out) {
			t.Errorf("%s: it calls nobody\n%s", c, out)
		}
		for _, word := range words {
			if _, value, ok := strings.Cut(word, "="); ok && !strings.Contains(out, value) {
				t.Errorf("%s: nobody is told %s\n%s", c, value, out)
			}
		}
	}
	if len(done) < 10 {
		t.Errorf("only %d commands of make", len(done))
	}
}

// ofMakeAlone are commands of make that run none of our programs; the site is built and looked at by its own workflow.
var ofMakeAlone = map[string]bool{"make help": true, "make clean": true, "make site": true, "make site-test": true}

// calls are what programs tell, and where what they have told was written.
var calls = regexp.MustCompile(`(?m)^(homeops|rack|pulumi) [a-z]|^export [A-Z]+=/`)

// scenarios are what a rehearsal does with the pages.
type scenarios struct {
	// commands are those that scenarios run as the pages have them, behind their pages.
	commands map[string]bool
	// shell are those that a shell runs in a test, behind their pages.
	shell map[string]bool
	// checked says that it asks kubectl and pulumi about theirs.
	checked bool
}

// anywhere reports whether a scenario or this test runs a command of any page.
func (s scenarios) anywhere(text string) bool {
	for at := range s.commands {
		if _, run, _ := strings.Cut(at, ": "); run == text {
			return true
		}
	}
	return false
}

func inScenarios(t *testing.T) (s scenarios) {
	t.Helper()
	files, err := filepath.Glob("../../rack/rehearsal/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	named, run := map[string]string{}, map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				// resetNode = pageCommand{"reset.md", "homeops reset STACK NODE"}
				if len(n.Values) == 1 {
					if text := pageCommand(n.Values[0]); text != "" {
						named[n.Names[0].Name] = text
					}
				}
			case *ast.CallExpr:
				// r.asWritten(ctx, resetNode, ...)
				called, ok := n.Fun.(*ast.SelectorExpr)
				if ok && strings.HasSuffix(strings.ToLower(called.Sel.Name), "aswritten") && len(n.Args) > 1 {
					if name, ok := n.Args[1].(*ast.Ident); ok {
						run[name.Name] = true
					}
				}
			case *ast.SelectorExpr:
				s.checked = s.checked || n.Sel.Name == "checkPages"
			}
			return true
		})
	}
	s.commands = map[string]bool{}
	for name, text := range named {
		if !run[name] {
			t.Errorf("no scenario runs %s", name)
			continue
		}
		s.commands[text] = true
	}
	return s
}

// pageCommand is what a literal of that type says; empty for any other.
func pageCommand(e ast.Expr) string {
	literal, ok := e.(*ast.CompositeLit)
	if !ok || len(literal.Elts) != 2 {
		return ""
	}
	if name, ok := literal.Type.(*ast.Ident); !ok || name.Name != "pageCommand" {
		return ""
	}
	var words []string
	for _, elt := range literal.Elts {
		if basic, ok := elt.(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(basic.Value); err == nil {
				words = append(words, text)
			}
		}
	}
	return strings.Join(words, ": ")
}
