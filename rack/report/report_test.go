package report

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func example() *Report {
	return &Report{
		Stack: "home", Plugins: StandIn, OK: true,
		Seconds:    map[string]float64{"build": 1, "up": 21.5, "rerun": 2, "total": 30},
		Resources:  Resources{Created: 14},
		Nodes:      []Node{{Name: "cp-1", Role: "controlPlane", Address: "10.0.50.11"}},
		Kubernetes: Kubernetes{Version: "v1.34.1", APIServers: 2, EtcdMembers: 2},
		Flows:      Flows{Asked: 700, Refused: 400},
		Parts:      []Part{{"etcd", Real}, {"Talos nodes", Simulated}},
		Checks:     []Check{{Name: "the API answers", OK: true, Detail: "v1.34.1", Seconds: 0.5}},
	}
}

func TestReport_SurvivesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	want := example()
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFailed_NamesEachCheckThatIsNotOK(t *testing.T) {
	for want, checks := range map[string][]Check{
		"nothing was checked":                            nil,
		"2 of 3 checks failed:\n  b: no such\n  c: gone": {{Name: "a", OK: true, Detail: "fine"}, {Name: "b", Detail: "no such"}, {Name: "c", Detail: "gone"}},
	} {
		if err := (&Report{Checks: checks}).Failed(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := example().Failed(); err != nil {
		t.Errorf("all checks ok: %v", err)
	}
}

func TestReport_TableSaysWhatIsSimulated(t *testing.T) {
	var b bytes.Buffer
	r := example()
	r.Checks = append(r.Checks, Check{Name: "nodes", Detail: "cp-2 is not registered"}, Check{Name: "Ceph", OK: true, Skipped: true, Detail: "the stack has none"})
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ok: true", "apiServers 2, etcdMembers 2", "created 14, rerunChanges 0", "700 asked, 400 refused", "up 21.5, total 30.0",
		"simulated", "Talos nodes", "cp-1", "FAILED", "cp-2 is not registered", "Ceph             skipped  the stack has none",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}

func TestReadLine_ReadsWhatWasWritten(t *testing.T) {
	for _, c := range []Check{{Name: "a", OK: true}, {Name: "b"}, {Name: "c", OK: true, Skipped: true}} {
		got, is := ReadLine(c.Line())
		got.Name = strings.TrimSuffix(got.Name, ": ")
		if !is || got != c {
			t.Errorf("%q: got %+v, %t, want %+v", c.Line(), got, is, c)
		}
	}
	if c, is := ReadLine("    something else"); is {
		t.Errorf("got %+v", c)
	}
}
