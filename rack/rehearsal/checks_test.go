package rehearsal

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/rack/report"
)

// red is a line of the report, and something that it must not overlook.
type red struct {
	line  string
	fault string
	// whole makes what the line looks at, as it should be; nil where a test cannot.
	whole func(*broken)
	// damage breaks it.
	damage func(*broken)
	// want is part of the detail.
	want string
	// do writes the line. Default: the check of that name.
	do func(context.Context, *broken)
}

// run has the line written, again with more patience where it is not as the test wants it: on a machine that does much else, git
// alone takes seconds.
func (r red) run(t *testing.T, damaged bool, good func(*report.Check) bool) (c *report.Check) {
	t.Helper()
	for _, patience := range []time.Duration{2 * time.Second, 30 * time.Second} {
		if c = r.runFor(t, patience, damaged); c != nil && good(c) {
			break
		}
	}
	return c
}

// runFor is what the report says after a run; nil if nothing.
func (r red) runFor(t *testing.T, patience time.Duration, damaged bool) *report.Check {
	t.Helper()
	b := newBroken(t)
	if r.whole != nil {
		r.whole(b)
	}
	if damaged {
		r.damage(b)
	}
	// Checks wait for what may still come.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if r.do != nil {
		r.do(ctx, b)
	} else {
		for _, c := range append(b.checks(), b.faultChecks()...) {
			if c.name == r.line && len(b.report.Checks) == 0 {
				b.run(ctx, b.cluster, []check{c})
			}
		}
	}
	for i, c := range b.report.Checks {
		if c.Name == r.line {
			return &b.report.Checks[i]
		}
	}
	return nil
}

func everyRed() []red {
	return slices.Concat(redKubernetes, redFlux, redNetwork, redStorage, redTalos, redState, redRuns, redSteps, redRebuild, redPages,
		redPartition, redYearOff, redDisks, redReset, redLostState, redSettings, redInterrupted, redRestoreVolume,
		redRotate, redRotateKubernetes, redRotateSecrets, redReinstall, redDestroy, redStale, redDoctor)
}

func TestChecks_TurnRedWhenWhatTheyLookAtBreaks(t *testing.T) {
	for _, r := range everyRed() {
		t.Run(r.line+"/"+r.fault, func(t *testing.T) {
			t.Parallel()
			if r.whole != nil {
				if c := r.run(t, false, func(c *report.Check) bool { return c.OK }); c == nil || !c.OK {
					t.Fatalf("nothing is broken, and the line is %+v", c)
				}
			}
			c := r.run(t, true, func(c *report.Check) bool { return !c.OK && strings.Contains(c.Detail, r.want) })
			switch {
			case c == nil:
				t.Fatal("there is no such line")
			case c.OK:
				t.Errorf("it is ok: %s", c.Detail)
			case !strings.Contains(c.Detail, r.want):
				t.Errorf("got  %s\nwant %s", c.Detail, r.want)
			}
		})
	}
}

// A check that waits goes on while the others look, and every one of them is in the report, with its time.
func TestRunBeside_LooksElsewhereInTheMeantime(t *testing.T) {
	b := newBroken(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	elsewhere := make(chan struct{})
	b.runBeside(ctx, b.cluster, []check{
		{"what is waited for", func(ctx context.Context, _ *cluster) (string, error) {
			select {
			case <-elsewhere:
				return "it came", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}},
		{"what comes after it", func(context.Context, *cluster) (string, error) { return "", errors.New("it is wrong") }},
	}, []check{
		{"another", func(context.Context, *cluster) (string, error) { close(elsewhere); return "it is so", nil }},
	})
	for i := range b.report.Checks {
		if c := &b.report.Checks[i]; c.Seconds <= 0 {
			t.Errorf("%s took %v s", c.Name, c.Seconds)
		} else {
			c.Seconds = 0
		}
	}
	want := []report.Check{
		{Name: "another", OK: true, Detail: "it is so"},
		{Name: "what is waited for", OK: true, Detail: "it came"},
		{Name: "what comes after it", Detail: "it is wrong"},
	}
	if !slices.Equal(b.report.Checks, want) {
		t.Errorf("got %+v", b.report.Checks)
	}
}

// elsewhere are lines, or the constant parts of their names, that other tests turn red, here or in e2e.
var elsewhere = map[string]string{
	" is made once":                      "TestMade_IsOneThatWasMadeByOneCall",
	" is there as often as it should be": "TestMade_IsThereAsOftenAsItShouldBe",
	"rehearsal ran to its end":           "TestRehearse_EndsWithinSecondsAndLeavesNothing",
	"ended: ":                            "TestInterrupt_IsRedWhenNothingWasKilled",
}

// observed are lines of [rehearsal.came] that judge nothing themselves: red is whatever error the step has, and that comes from
// what another line is red by as well. That line is their red one.
var observed = map[string]string{
	" belongs to the cluster":                      wholeLine,
	" has left etcd and the cluster, and is wiped": wholeLine,
	": Ceph has all copies again":                  wholeLine,
	": Longhorn has all replicas again":            wholeLine,
	": ZFS has all copies again":                   wholeLine,
	": it belongs to the cluster again":            wholeLine,
	": it is built":                                wholeLine,
	": the API answers at it":                      wholeLine,
	": the cluster comes back by itself":           wholeLine,
	": the cluster is there again":                 wholeLine,
	": the new certificates are taken":             wholeLine,
	": up builds it again":                         wholeLine,
	": up takes over what came after it":           wholeLine,
	": up comes to its end":                        wholeLine,
	// The same commands of the page.
	": the app is there again": "a step: both are made",
}

// wholeLine is that of [rehearsal.observe].
const wholeLine = "the cluster is whole"

func TestChecks_EachLineOfTheReportHasBeenRed(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range everyRed() {
		seen[r.line] = true
	}
	tests := map[string]bool{}
	for _, name := range identifiers(t, ".", "../e2e") {
		tests[name] = true
	}
	lines := lines(t)
	if len(lines) < 30 {
		t.Fatalf("only %d lines were found in the code: %q", len(lines), lines)
	}
	for _, line := range lines {
		// Of a name that is put together, the beginning is enough, or the end, or what follows the name of a step.
		red := slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(name string) bool {
			_, said, ofStep := strings.Cut(name, ": ")
			begins, _, _ := strings.Cut(line, "%")
			return strings.HasPrefix(name, begins) || strings.HasSuffix(name, line) || ofStep && strings.HasPrefix(": "+said, line)
		})
		if !red && !tests[elsewhere[line]] && !seen[observed[line]] {
			t.Errorf("nothing turns %q red; break what it looks at, once, in a red_*_test.go", line)
		}
	}
	for _, line := range slices.Concat(slices.Collect(maps.Keys(elsewhere)), slices.Collect(maps.Keys(observed))) {
		if !slices.Contains(lines, line) {
			t.Errorf("there is no line %q any more", line)
		}
	}
}

// The lines that stand for all that one function writes under names that it is given: of previews that must be refused, and of
// runs that a fault must end.
const (
	refusedLine = "a change is refused"
	faultLine   = "preview, while it is"
)

// lines are the names of the lines of the report, or their constant parts, as the code of this package has them.
func lines(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	note := func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				// What stands between a step's name and the line says nothing of the line.
				if text, err := strconv.Unquote(literal.Value); err == nil && text != ": " {
					found[text] = true
				}
			}
			return true
		})
	}
	for _, file := range parsed(t, ".", func(name string) bool {
		return !strings.HasSuffix(name, "_test.go")
	}) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				// r.add(NAME, ...), r.addChecked(NAME, ...), but for what says that there is nothing to look at
				s, ok := n.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				switch {
				case slices.Contains([]string{"add", "addChecked"}, s.Sel.Name) && len(n.Args) == 3:
					if judged, ok := n.Args[1].(*ast.Ident); !ok || judged.Name != "true" {
						note(n.Args[0])
					}
				case s.Sel.Name == "came" && len(n.Args) == 3:
					// r.came(STEP, NAME, ...)
					if whole, ok := n.Args[1].(*ast.BasicLit); ok {
						text, err := strconv.Unquote(whole.Value)
						if err != nil {
							t.Fatal(err)
						}
						found[": "+text] = true
					} else {
						note(n.Args[1])
					}
				case s.Sel.Name == "refused" && len(n.Args) == 4:
					// r.refused(CONTEXT, NAME, ...): whatever the name, one function writes the line.
					found[refusedLine] = true
				}
			case *ast.CompositeLit:
				switch of := n.Type.(type) {
				case *ast.ArrayType:
					// []check{{NAME, ...}, ...}
					if elt, ok := of.Elt.(*ast.Ident); ok && elt.Name == "check" {
						for _, e := range n.Elts {
							note(e.(*ast.CompositeLit).Elts[0])
						}
					}
				case *ast.Ident:
					switch of.Name {
					case "change":
						// change{NAME, ...}
						note(n.Elts[0])
					case "fault":
						// fault{NAME, ...}, also of a table: one function writes the line of each.
						found[faultLine] = true
					}
				case *ast.SelectorExpr:
					// report.Check{Name: NAME}
					if of.Sel.Name == "Check" {
						for _, e := range n.Elts {
							if pair, ok := e.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Name" {
								note(pair.Value)
							}
						}
					}
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// identifiers are the functions of the packages' tests.
func identifiers(t *testing.T, dirs ...string) []string {
	t.Helper()
	var names []string
	for _, dir := range dirs {
		for _, file := range parsed(t, dir, func(name string) bool { return strings.HasSuffix(name, "_test.go") }) {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					names = append(names, f.Name.Name)
				}
			}
		}
	}
	return names
}

func parsed(t *testing.T, dir string, wanted func(string) bool) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if !wanted(name) {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func TestInterrupt_IsRedWhenNothingWasKilled(t *testing.T) {
	b := newBroken(t)
	b.pulumi("{}", summary(`"create": 1`))
	b.interruptInside(t.Context(), "at bootstrap", func(context.Context, func()) pulumi.Watcher {
		return func(apitype.EngineEvent) {}
	})
	last := b.report.Checks[len(b.report.Checks)-1]
	if last.OK || !strings.HasPrefix(last.Detail, "up was not killed") {
		t.Errorf("got %+v", last)
	}
}
