package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRender_WritesEveryNodeAsTheProgramWouldMakeIt(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "talos", "gone.yaml")
	if err := os.MkdirAll(filepath.Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	code := run(t.Context(), terminal{out: &out, err: &errOut}, []string{"render", "../../Pulumi.home.yaml", "-out", dir})
	if code != exitOK {
		t.Fatalf("exit %d: %s%s", code, out.String(), errOut.String())
	}
	for _, node := range []string{"cp-1", "cp-2", "worker-1", "worker-2", "worker-3"} {
		got, err := os.ReadFile(filepath.Join(dir, "talos", node+".yaml"))
		if err != nil {
			t.Error(err)
			continue
		}
		want, err := os.ReadFile("../../components/talos/machineconfig/testdata/golden/home/" + node + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from its golden", node)
		}
	}
	if schematics, _ := filepath.Glob(filepath.Join(dir, "talos", "schematics", "*.yaml")); len(schematics) != 2 { // one with ZFS
		t.Errorf("schematics: %v", schematics)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("the file of a node that is gone stayed")
	}
}

func TestRender_WantsOneStack(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run(t.Context(), terminal{out: &out, err: &errOut}, []string{"render"}); code != exitUsage {
		t.Errorf("exit %d", code)
	}
	if !strings.Contains(errOut.String(), "render: name one stack or stack file") {
		t.Errorf("says %q", errOut.String())
	}
}
