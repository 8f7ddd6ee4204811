package spec

import (
	"slices"
	"testing"
)

func TestProblems_AreSortedAsPeopleRead(t *testing.T) {
	ps := Problems{
		{Severity: Error, Path: "nodes[10].mac", Message: "c"},
		{Severity: Warning, Path: "nodes", Message: "b"},
		{Severity: Error, Path: "nodes[2].mac", Message: "d"},
		{Severity: Error, Path: "cluster.name", Message: "a"},
		{Severity: Error, Path: "nodes[2].mac", Message: "d"},
	}
	var got []string
	for _, p := range ps.sorted() {
		got = append(got, p.String())
	}
	want := []string{"error cluster.name: a", "warning nodes: b", "error nodes[2].mac: d", "error nodes[10].mac: c"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProblems_ErrListsTheErrorsAlone(t *testing.T) {
	ps := Problems{{Severity: Warning, Path: "nodes", Message: "two"}}
	if err := ps.Err(); err != nil {
		t.Errorf("warnings alone gave %v", err)
	}
	ps = append(ps, Problem{Severity: Error, Path: "network.vip", Message: "is missing"})
	if got, want := ps.Err().Error(), "the stack file has 1 error(s):\nerror network.vip: is missing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(ps.Warnings()) != 1 || len(ps.Errors()) != 1 || !ps.HasErrors() {
		t.Errorf("%d warnings, %d errors", len(ps.Warnings()), len(ps.Errors()))
	}
}

func TestProblem_LocationIsWhatEditorsJumpTo(t *testing.T) {
	for want, p := range map[string]Problem{
		"Pulumi.home.yaml:3:7": {File: "Pulumi.home.yaml", Line: 3, Column: 7},
		"Pulumi.home.yaml":     {File: "Pulumi.home.yaml"},
		"3:7":                  {Line: 3, Column: 7},
		"":                     {},
	} {
		if got := p.Location(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNearest_FindsWhatWasMeant(t *testing.T) {
	known := []string{"address", "mac", "installDisk", "kernelArgs", "certSANs"}
	for word, want := range map[string]string{
		"adress": "address", "instalDisk": "installDisk", "install_disk": "installDisk", "certSans": "certSANs",
		"kernelArg": "kernelArgs", "amc": "mac", "colour": "", "x": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestParentPath_ClimbsOneStep(t *testing.T) {
	path := `nodes[2].labels["a.b/c[d]"]`
	var got []string
	for path != "" {
		path = parentPath(path)
		got = append(got, path)
	}
	if want := []string{"nodes[2].labels", "nodes[2]", "nodes", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCronProblem_ReadsWhatCronReads(t *testing.T) {
	for _, good := range []string{"0 3 * * *", "*/15 * * * *", "30 3 1,15 * mon-fri", "0 0 * jan sun", "@daily", "5-10/2 0 * * 7"} {
		if problem := cronProblem(good); problem != "" {
			t.Errorf("%q %s", good, problem)
		}
	}
	for _, bad := range []string{"", "0 3 * *", "60 * * * *", "0 3 0 * *", "0 3 * 13 *", "0 3 * * 8", "10-5 * * * *", "*/0 * * * *", "a * * * *", "@often"} {
		if cronProblem(bad) == "" {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestSupportOf_TakesTheRowOfThePatchRelease(t *testing.T) {
	for v, want := range map[Version]string{"v1.18.0": "v1.33", "v1.18.3": "v1.33", "v1.18.4": "v1.34", "v1.18.9": "v1.34"} {
		if row, ok := supportOf("Rook", v, "Kubernetes"); !ok || row.to != want {
			t.Errorf("Rook %s reaches to %s, want %s", v, row.to, want)
		}
	}
	for _, row := range supportTable {
		if row.source == "" || row.from == "" {
			t.Errorf("%+v has no source", row)
		}
	}
}

// A path may be anything that somebody wrote as a key, so that two can have the same numbers.
func TestMerge_HasOneOrderWhateverComesFirst(t *testing.T) {
	a, b := Problem{Path: "nodes[1]", Message: "m"}, Problem{Path: "nodes[01]", Message: "m"}
	one, other := Merge(Problems{a, b}, nil), Merge(Problems{b, a}, nil)
	if len(one) != 2 || !slices.Equal(one, other) {
		t.Errorf("%v and %v", one, other)
	}
}
