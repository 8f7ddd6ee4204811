package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec/spectest"
)

func printed(t *testing.T, words ...string) (int, string, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(t.Context(), terminal{out: &out, err: &errOut}, words)
	return code, out.String(), errOut.String()
}

// changedStack writes a copy of a stack file with some of its text replaced.
func changedStack(t *testing.T, file string, oldnew ...string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(path, []byte(strings.NewReplacer(oldnew...).Replace(string(data))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVersions_TellsTheReleasesOfAStack(t *testing.T) {
	code, out, errOut := printed(t, "versions", spectest.HomeFile(t))
	if code != exitOK || errOut != "" || !strings.Contains(out, "cluster.talosVersion                     v1.11.1\n") ||
		!strings.Contains(out, "versions.rookCeph                        v1.16.3\n") || strings.Contains(out, "longhorn") {
		t.Errorf("exit %d, %q\n%s", code, errOut, out)
	}
}

func TestVersions_TellsTheStepsAndWhatTheyRoll(t *testing.T) {
	newer := changedStack(t, spectest.HomeFile(t), "talosVersion: v1.11.1", "talosVersion: v1.12.0", "talosContract: v1.11", "talosContract: v1.12")
	code, out, errOut := printed(t, "versions", spectest.HomeFile(t), "--to", newer)
	const want = `1. Talos v1.11.1 to v1.12.0
   cluster.talosVersion: v1.12.0
   rolls: every machine reboots into the new image, one at a time
Afterwards, at any time, the form of the machine configurations: cluster.talosContract v1.11 to v1.12
   what it changes on each node: go run ../../cmd/homeops contract home --to v1.12
`
	if code != exitOK || errOut != "" || out != want {
		t.Errorf("exit %d, %q\n%s\nwant\n%s", code, errOut, out, want)
	}
	if code, _, errOut := printed(t, "versions", newer, "--to", spectest.HomeFile(t)); code == exitOK || !strings.Contains(errOut, "no release of Talos is set back") {
		t.Errorf("back: exit %d, %q", code, errOut)
	}
}

func TestContract_TellsWhatChangesBesideTheForm(t *testing.T) {
	home := changedStack(t, spectest.HomeFile(t), "talosVersion: v1.11.1", "talosVersion: v1.14.1", "talosContract: v1.11", "talosContract: v1.13")
	code, out, errOut := printed(t, "contract", home)
	for _, want := range []string{"cp-1: beside the form, v1.14 changes\n", "  periodic trim: off to true\n", "worker-3: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if code != exitOK || errOut != "" {
		t.Errorf("exit %d, %q", code, errOut)
	}
	if _, out, _ := printed(t, "contract", home, "--to", "v1.13"); !strings.Contains(out, "cp-1: v1.13 changes nothing but the form\n") {
		t.Error(out)
	}
	if code, _, errOut := printed(t, "contract", home, "--to", "v1.15"); code == exitOK || errOut == "" {
		t.Errorf("a contract that nobody knows: exit %d, %q", code, errOut)
	}
}
