package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
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

// nobody are the commands that no test and no scenario runs in the page's words, by how they begin, and why.
var nobody = map[string]string{
	"talosctl ":   "the room has simulated machines and no talosctl: it is not among what the rack is built from",
	"flux ":       "the flux of the owner's machine is none of this project's programs",
	"restic ":     "no restic runs in the room: the rack's stand-in is no program, and writes a form of its own",
	"for key in ": "it hands to restic what that wants to know",
	// The scenario rebuild sets the variable, and refreshes, for a pulumi of its own.
	"HOMEOPS_ETCD_SNAPSHOT=":            "only a shell sets a variable to its own folder",
	"pulumi up --stack STACK --refresh": "a rehearsal's pulumi refreshes by a call that has other words",
}

func TestRunbooks_EachCommandIsRunByATestOrAScenario(t *testing.T) {
	commands, err := runbook.All(os.DirFS("../.."))
	if err != nil || len(commands) < 50 {
		t.Fatalf("%d commands, %v", len(commands), err)
	}
	scenarios, checked := inScenarios(t)
	used := map[string]bool{}
	for _, c := range commands {
		keys := runIt(c, scenarios, checked)
		if len(keys) == 0 {
			t.Errorf("%s: nobody runs it. Let a scenario (rack/rehearsal/pages.go) or this test do it, or say in `nobody` why that cannot be", c)
		}
		for _, key := range keys {
			used[key] = true
		}
	}
	for _, table := range []map[string]bool{keys(here), keys(nobody), scenarios} {
		for key := range table {
			if !used[key] {
				t.Errorf("no page has %q", key)
			}
		}
	}
}

// runIt are the keys under which a command is run, or said to be run by nobody.
func runIt(c runbook.Command, scenarios map[string]bool, checked bool) []string {
	var found []string
	if at := c.Page + ": " + c.Text; scenarios[at] {
		found = append(found, at)
	}
	if here[c.Text] != nil {
		found = append(found, c.Text)
	}
	// Those of make are below, as are those of homeops in sentences; kubectl's and pulumi's are read in the room.
	if program := c.Program(); program == "make" || c.Inline && program == "homeops" || (program == "kubectl" || c.Inline && program == "pulumi") && checked {
		found = append(found, program)
	}
	for begin := range nobody {
		if strings.HasPrefix(c.Text, begin) {
			found = append(found, begin)
		}
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

func TestRunbooks_MakeKnowsTargetsAndVariables(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	commands, err := runbook.All(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if c.Program() != "make" {
			continue
		}
		words, err := c.Words(nil)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, word := range words[1:] {
			if name, _, ok := strings.Cut(word, "="); ok && !strings.Contains(string(makefile), "$("+name+")") {
				t.Errorf("%s: the Makefile has no %s", c, name)
			}
		}
		cmd := exec.CommandContext(t.Context(), "make", append([]string{"--dry-run"}, words[1:]...)...)
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", c, err, out)
		}
	}
}

// inScenarios are the commands, behind their pages, that scenarios of a rehearsal run as the pages have them, and whether its
// checks ask kubectl and pulumi about theirs.
func inScenarios(t *testing.T) (commands map[string]bool, checked bool) {
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
				checked = checked || n.Sel.Name == "checkPages"
			}
			return true
		})
	}
	commands = map[string]bool{}
	for name, text := range named {
		if !run[name] {
			t.Errorf("no scenario runs %s", name)
			continue
		}
		commands[text] = true
	}
	return commands, checked
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
