package figures

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/scenario"
)

func rolled(ok bool) *report.Report {
	return &report.Report{
		Stack: "lab", OK: ok, Scenario: &report.Scenario{Name: "roll", Steps: []report.Step{
			{Name: "a sysctl", Seconds: 60.6, APIAsked: 552},
			{Name: "an upgrade", Seconds: 218.4, APIAsked: 923, APIFailed: 1, NodesDownAtOnce: 1, Down: make([]report.Down, 3)},
		}},
	}
}

func TestOf_TakesNothingOfARehearsalThatWasNotOK(t *testing.T) {
	if got := Of(rolled(false)); got != nil {
		t.Errorf("%+v", got)
	}
	if got := Of(&report.Report{OK: true}); got != nil {
		t.Errorf("nothing happened, and yet: %+v", got)
	}
}

func TestMerge_ReplacesTheWholeScenarioOfAStack(t *testing.T) {
	old := []Figure{{Stack: "home", Scenario: "roll", Step: "x"}, {Stack: "lab", Scenario: "roll", Step: "gone"}, {Stack: "lab", Scenario: "reset", Step: "y"}}
	var got []string
	for _, f := range Merge(old, Of(rolled(true))) {
		got = append(got, f.Scenario+" "+f.Stack+" "+f.Step)
	}
	if want := []string{"reset lab y", "roll home x", "roll lab a sysctl", "roll lab an upgrade"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTable_SaysWhatPeopleNotice(t *testing.T) {
	want := `| scenario | stack | step | seconds | writes that failed | machines that went down |
| --- | --- | --- | --- | --- | --- |
| roll | lab | a sysctl | 61 | 0 of 552 | none |
| roll | lab | an upgrade | 218 | 1 of 923 | 3, one at a time |
| blackout | home | off | 9 | 4 of 4 | 5, 5 at once |
`
	if got := Table(append(Of(rolled(true)), Figure{Stack: "home", Scenario: "blackout", Step: "off", Seconds: 9, Asked: 4, Failed: 4, Down: 5, AtOnce: 5})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestUpdate_TakesReportsIntoThePage(t *testing.T) {
	project := t.TempDir()
	if err := os.Mkdir(filepath.Join(project, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	written := filepath.Join(project, "report.json")
	if err := rolled(true).Write(written); err != nil {
		t.Fatal(err)
	}
	readme := filepath.Join(project, page)
	if err := os.WriteFile(readme, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Update(project, []string{written}); err == nil {
		t.Error("a page without the comments is no error")
	}
	if err := os.WriteFile(readme, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if taken, err := Update(project, []string{written}); err != nil || taken != 2 {
		t.Fatal(taken, err)
	}
	text, err := os.ReadFile(readme)
	if want := "before\n" + begin + Table(Of(rolled(true))) + end + "after\n"; err != nil || string(text) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, text, want)
	}
}

// What the README says was measured, of scenarios that there are.
func TestREADME_HasTheTableOfTheFigures(t *testing.T) {
	all, err := Read("../../" + file)
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	for _, f := range all {
		if _, err := scenario.Find(f.Scenario); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := withTable(string(text), Table(all)); err != nil || want != string(text) {
		t.Errorf("%s: its table is not of %s; `make figures` writes it: %v", page, file, err)
	}
}
