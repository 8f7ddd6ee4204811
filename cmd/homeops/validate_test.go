package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestValidate_IsSilentAboutGoodStacks(t *testing.T) {
	project(t, map[string]string{"home": good(t), "lab": other(t)})
	got := homeops(t, "", "validate")
	if want := (outcome{0, "", "2 stacks checked: 0 errors, 0 warnings\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestValidate_PrintsOneProblemALineWithItsPlace(t *testing.T) {
	project(t, map[string]string{"home": good(t, "domain:", "domian:", "role: controlPlane\n      address: 10.0.50.12", "role: controlPlane\n      address: 10.0.99.12")})
	got := homeops(t, "", "validate", "home")
	if got.code != exitProblem {
		t.Errorf("exit code %d", got.code)
	}
	first, _, _ := strings.Cut(got.out, "\n")
	if want := `error cluster.domian: unknown key "domian"; did you mean "domain"? (Pulumi.home.yaml:4:5)`; first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	if !strings.Contains(got.out, "\nerror nodes[1].address: 10.0.99.12 ") {
		t.Errorf("the rules were not asked after a problem of reading:\n%s", got.out)
	}
	for _, line := range strings.Split(strings.TrimSpace(got.out), "\n") {
		if !strings.HasPrefix(line, "error ") && !strings.HasPrefix(line, "warning ") {
			t.Errorf("not a problem: %s", line)
		}
	}
}

func TestValidate_SucceedsWithWarnings(t *testing.T) {
	two, _, _ := strings.Cut(good(t), "    - name: cp-3")
	_, rest, _ := strings.Cut(good(t), "R100013A }\n")
	project(t, map[string]string{"home": two + rest})
	got := homeops(t, "", "validate")
	if got.code != exitOK || !strings.HasPrefix(got.out, "warning nodes: 2 control planes ") || got.err != "1 stack checked: 0 errors, 1 warnings\n" {
		t.Errorf("got %+v", got)
	}
}

func TestValidate_WritesJSONForPrograms(t *testing.T) {
	project(t, map[string]string{"home": good(t, "domain:", "domian:"), "lab": other(t)})
	got := homeops(t, "", "validate", "--json")
	var v verdict
	if err := json.Unmarshal([]byte(got.out), &v); err != nil {
		t.Fatal(err, got.out)
	}
	want := spec.Problem{
		Severity: spec.Error, Path: "cluster.domian", Message: `unknown key "domian"; did you mean "domain"?`,
		File: "Pulumi.home.yaml", Line: 4, Column: 5,
	}
	if got.code != exitProblem || v.OK || strings.Join(v.Stacks, " ") != "home lab" || v.Errors != 1 || len(v.Problems) != 1 || v.Problems[0] != want {
		t.Errorf("got %d %+v, want %+v", got.code, v, want)
	}
	if clean := homeops(t, "", "validate", "--json", "lab"); !strings.Contains(clean.out, `"problems": []`) || clean.code != exitOK {
		t.Errorf("got %+v", clean)
	}
}

// A stack is judged beside the project's others, whichever of the two a clash is reported for.
func TestValidate_ReportsClashesFromBothSides(t *testing.T) {
	project(t, map[string]string{
		"home": good(t),
		"lab":  other(t, "10.0.60.50", "10.0.50.50", "10.0.60.0/24", "10.0.0.0/16"),
		"work": other(t, "domain:", "domian:"),
	})
	clash := "is also network.vip of stack home"
	for _, args := range [][]string{{"validate", "home"}, {"validate", "lab"}, {"validate", "Pulumi.lab.yaml"}, {"validate"}} {
		got := homeops(t, "", args...)
		if strings.Count(got.out, clash) != 1 || got.code != exitProblem {
			t.Errorf("%v: want one clash, got\n%s", args, got.out)
		}
		if len(args) > 1 && strings.Contains(got.out, "domian") {
			t.Errorf("%v reports a third stack:\n%s", args, got.out)
		}
	}
}

func TestValidate_JudgesAFileElsewhereAlone(t *testing.T) {
	project(t, map[string]string{"home": good(t)})
	elsewhere := filepath.Join(t.TempDir(), "plan.yaml")
	write(t, elsewhere, good(t))
	if got := homeops(t, "", "validate", elsewhere); got.code != exitOK || got.out != "" {
		t.Errorf("got %+v", got)
	}
}

func TestValidate_NamesAFileThatIsWrongAsAWhole(t *testing.T) {
	project(t, map[string]string{"home": "", "lab": "config: [\n"})
	got := homeops(t, "", "validate")
	want := "error Pulumi.home.yaml: the file is empty; `make init` writes a first one\n" +
		"error Pulumi.lab.yaml: is not YAML: a [ or { is not closed (the parser: did not find expected node content) (Pulumi.lab.yaml:1:1)\n"
	if got.out != want || got.code != exitProblem {
		t.Errorf("got\n%s\nwant\n%s", got.out, want)
	}
}

func TestUsage_SaysWhatToDo(t *testing.T) {
	project(t, map[string]string{"home": good(t)})
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"valdate"}, "homeops: there is no command \"valdate\"; the commands are validate, init, "},
		{[]string{"validate", "hom"}, "homeops: there is no stack \"hom\": Pulumi.hom.yaml does not exist; the project has home\n"},
		{[]string{"validate", "none.yaml"}, "homeops: none.yaml: there is no such file\n"},
		{[]string{"validate", "--josn"}, "homeops: validate: flag provided but not defined: -josn; `homeops validate -h` shows the flags\n"},
		{[]string{"validate", "--all", "home"}, "homeops: validate: give --all or home, not both\n"},
		{[]string{"schema", "x"}, "homeops: schema takes no arguments, got \"x\"\n"},
		{[]string{"version", "x"}, "homeops: version takes no arguments, got \"x\"\n"},
		{nil, "homeops checks and writes the stack files of this project.\n"},
	} {
		got := homeops(t, "", c.args...)
		if got.code != exitUsage || !strings.HasPrefix(got.err, c.want) || got.out != "" {
			t.Errorf("%v: got %+v, want %q", c.args, got, c.want)
		}
	}
	for _, args := range [][]string{{"help"}, {"validate", "-h"}, {"version"}} {
		if got := homeops(t, "", args...); got.code != exitOK || got.out == "" || got.err != "" {
			t.Errorf("%v: got %+v", args, got)
		}
	}
}

func TestProject_IsFoundFromBelow(t *testing.T) {
	dir := project(t, map[string]string{"home": good(t, "domain:", "domian:")})
	t.Chdir(t.TempDir())
	if got := homeops(t, "", "validate"); got.code != exitProblem || got.err != "homeops: no Pulumi.yaml in this directory or above: run this inside the project, or name a file\n" {
		t.Errorf("outside: %+v", got)
	}
	below := filepath.Join(dir, "a", "b")
	mkdir(t, below)
	t.Chdir(below)
	if got := homeops(t, "", "validate"); !strings.Contains(got.out, "(../../Pulumi.home.yaml:4:5)\n") {
		t.Errorf("below: %+v", got)
	}
}
