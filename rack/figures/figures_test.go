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
		Stack: "lab", OK: ok, Commit: "abcdef012345", Seconds: map[string]float64{"total": 699.6}, Scenario: &report.Scenario{Name: "roll", Steps: []report.Step{
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
	readme := filepath.Join(project, figuresTable.page)
	if err := os.WriteFile(readme, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Update(project, []string{written}); err == nil {
		t.Error("a page without the comments is no error")
	}
	if written, err := filepath.Glob(filepath.Join(project, "docs", "*.json")); err != nil || len(written) > 0 {
		t.Errorf("it is told when %v are written: %v", written, err)
	}
	for _, of := range []table{figuresTable, walksTable} {
		if err := os.WriteFile(filepath.Join(project, of.page), []byte("before\n"+of.begin+"old\n"+of.end+"after\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if taken, err := Update(project, []string{written}); err != nil || taken != 2 {
		t.Fatal(taken, err)
	}
	walk := []Walk{{"lab", "roll", "abcdef012345", 700}}
	for of, content := range map[table]string{figuresTable: Table(Of(rolled(true))), walksTable: WalksTable(walk)} {
		text, err := os.ReadFile(filepath.Join(project, of.page))
		if want := "before\n" + of.begin + content + of.end + "after\n"; err != nil || string(text) != want {
			t.Errorf("%v, got\n%s\nwant\n%s", err, text, want)
		}
	}
	if got, err := Walks(project); err != nil || !slices.Equal(got, walk) {
		t.Error(got, err)
	}
}

func TestWalked_KeepsTheLastOfEachScenarioAndStack(t *testing.T) {
	old := []Walk{{"home", "roll", "a", 1}, {"lab", "roll", "b", 2}, {"lab", "loss", "b", 3}}
	if got, want := Walked(old, rolled(true)), []Walk{old[2], old[0], {"lab", "roll", "abcdef012345", 700}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := Walked(old, rolled(false)), []Walk{old[2], old[0]}; !slices.Equal(got, want) {
		t.Errorf("one that was not ok: got %v, want %v", got, want)
	}
	uncommitted := rolled(true)
	uncommitted.Commit = ""
	if got := Walked(old, uncommitted); !slices.Equal(got, old) {
		t.Errorf("no commit: got %v, want %v", got, old)
	}
}

func TestWalksTable_HasAColumnForEachStack(t *testing.T) {
	want := `| scenario | home | lab |
| --- | --- | --- |
| ` + "`loss`" + ` | | 60 s, at abcdef0 |
| ` + "`roll`" + ` | 700 s, at abcdef0 | 9 s, at 1234567 |

Together 12m49s.
`
	if got := WalksTable(nil); got != "None.\n" {
		t.Errorf("no walks: %s", got)
	}
	if got := WalksTable([]Walk{{"lab", "loss", "abcdef012345", 60}, {"home", "roll", "abcdef012345", 700}, {"lab", "roll", "123456789", 9}}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What the pages say was measured, of scenarios that there are.
func TestPages_HaveTheTablesOfTheFiguresAndTheWalks(t *testing.T) {
	all, err := read[Figure]("../../" + figuresFile)
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	walks, err := Walks("../..")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range all {
		names = append(names, f.Scenario)
	}
	for _, w := range walks {
		names = append(names, w.Scenario)
	}
	for _, name := range names {
		if _, err := scenario.Find(name); err != nil {
			t.Error(err)
		}
	}
	for of, content := range map[table]string{figuresTable: Table(all), walksTable: WalksTable(walks)} {
		text, err := os.ReadFile("../../" + of.page)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := of.updated("../..", content); err != nil || want != string(text) {
			t.Errorf("%s: its table is another one; `make figures` writes it: %v", of.page, err)
		}
	}
}
