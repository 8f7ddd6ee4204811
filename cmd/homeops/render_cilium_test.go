package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestRender_WritesTheNetworkAsTheProgramWouldMakeIt(t *testing.T) {
	dir := t.TempDir()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), terminal{out: &out, err: &errOut}, []string{"render", "../../Pulumi.lab.yaml", "-out", dir}); code != exitOK {
		t.Fatalf("exit %d: %s%s", code, out.String(), errOut.String())
	}
	for file, golden := range map[string]string{
		"values.yaml":    "values/testdata/lab.yaml",
		"objects.yaml":   "objects/testdata/lab.yaml",
		"frr/unifi.conf": "frr/testdata/lab-unifi.conf",
	} {
		got, err := os.ReadFile(filepath.Join(dir, "cilium", file))
		if err != nil {
			t.Error(err)
			continue
		}
		want, err := os.ReadFile(filepath.Join("../../components/cilium", golden))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from its golden", file)
		}
	}
}
