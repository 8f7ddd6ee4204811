package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bare runs make in a copy of the Makefile, with nothing on PATH but what every system has and the given programs; one whose
// name is a path stands there, and not on PATH.
func bare(t *testing.T, programs map[string]string, args ...string) (string, error) {
	t.Helper()
	return bareWith(t, programs, "", args...)
}

// bareWith is bare with another folder on PATH, first.
func bareWith(t *testing.T, programs map[string]string, path string, args ...string) (string, error) {
	t.Helper()
	tool, err := exec.LookPath("make")
	if err != nil {
		t.Skip("no make here")
	}
	dir := t.TempDir()
	for _, name := range []string{"Makefile", "go.mod", "rack/scenario/table.go"} {
		content, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		mkdir(t, filepath.Dir(filepath.Join(dir, name)))
		write(t, filepath.Join(dir, name), string(content))
	}
	bin := filepath.Join(dir, "path")
	mkdir(t, bin)
	for _, name := range []string{"sh", "sed", "awk", "df", "mkdir", "mv", "rm", "cat", "chmod"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range programs {
		at := filepath.Join(bin, name)
		if strings.Contains(name, "/") {
			at = filepath.Join(dir, name)
			mkdir(t, filepath.Dir(at))
		}
		if err := os.WriteFile(at, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + path + bin}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestMake_SaysWhatACommandCannotDoWithout(t *testing.T) {
	const homeops = "exit 0\n" // go builds it, and says nothing
	for name, c := range map[string]struct {
		programs map[string]string
		args     []string
		want     string
	}{
		"no Go":     {nil, []string{"validate"}, "or later is needed, and is not on PATH: https://go.dev/doc/install\n"},
		"no pulumi": {map[string]string{"go": homeops}, []string{"kubeconfig"}, "pulumi is needed, and is not on PATH: https://www.pulumi.com/docs/install"},
		"no login":  {map[string]string{"go": homeops, "pulumi": "exit 1\n"}, []string{"kubeconfig"}, "pulumi is not logged in: pulumi login, or " + loginHere + " to keep the state on this machine\n"},
		"no stack":  {map[string]string{"go": homeops, "pulumi": `[ "$1" = whoami ] || { echo "no stack named home" >&2; exit 1; }` + "\n"}, []string{"kubeconfig"}, "no stack named home\n"},
	} {
		out, err := bare(t, c.programs, c.args...)
		if err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: got %v\n%s\nwant %s", name, err, out, c.want)
		}
	}
}

// A rehearsal leaves a pulumi without a language host.
func TestMake_RunsTheProgramWithAWholePulumiAlone(t *testing.T) {
	const refused = "pulumi is needed, and is not on PATH: https://www.pulumi.com/docs/install (that of a rehearsal, in out/bin, cannot run the program)\n"
	of := func(pulumi string) map[string]string {
		return map[string]string{"go": "exit 0\n", pulumi: `echo "ran $*"` + "\n", "out/bin/homeops": "exit 0\n"}
	}
	for _, target := range []string{"preview", "up", "destroy"} {
		if out, err := bare(t, of("out/bin/pulumi"), target); err == nil || !strings.Contains(out, refused) || strings.Contains(out, "ran ") {
			t.Errorf("%s with that of a rehearsal: %v\n%s", target, err, out)
		}
		// Whoever has put it on PATH has no other one by that.
		if out, err := bareWith(t, of("out/bin/pulumi"), "out/bin:", target); err == nil || !strings.Contains(out, refused) {
			t.Errorf("%s with that of a rehearsal on PATH: %v\n%s", target, err, out)
		}
		if out, err := bare(t, of("pulumi"), target, "STACK=lab"); err != nil || !strings.Contains(out, "ran "+target+" --stack lab") {
			t.Errorf("%s with a whole one: %v\n%s", target, err, out)
		}
	}
	// What needs no program, that of a rehearsal does.
	for _, target := range []string{"kubeconfig", "talosconfig"} {
		if out, err := bare(t, of("out/bin/pulumi"), target); err != nil {
			t.Errorf("%s: %v\n%s", target, err, out)
		}
	}
}

func TestMake_RefusesWhatIsNotThereBeforeItCompiles(t *testing.T) {
	for arg, want := range map[string]string{
		"SCENARIO=nope": "there is no SCENARIO=nope; there are: ",
		"PLUGINS=/nope": "PLUGINS=/nope: there is no such folder",
	} {
		out, err := bare(t, map[string]string{"go": "echo compiled\n"}, "rehearse", arg)
		if err == nil || !strings.Contains(out, want) || strings.Contains(out, "compil") {
			t.Errorf("%s: %v\n%s", arg, err, out)
		}
	}
	// With what is there, it would begin.
	if out, _ := bare(t, map[string]string{"go": "echo compiled\n"}, "rehearse", "SCENARIO=reset", "PLUGINS=rack"); !strings.Contains(out, "compiled") {
		t.Errorf("a scenario that there is: %s", out)
	}
}

func TestMake_WritesAKubeconfigForItsOwnerAlone(t *testing.T) {
	pulumi := `[ "$1" = whoami ] || { [ "$*" = "stack output kubeconfig --show-secrets --stack lab" ] && echo secret; }` + "\n"
	out, err := bare(t, map[string]string{"go": "exit 0\n", "pulumi": pulumi}, "kubeconfig", "STACK=lab")
	path, found := strings.CutPrefix(strings.TrimSpace(out), "export KUBECONFIG=")
	if err != nil || !found {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "secret\n" {
		t.Fatalf("%v: %s", err, content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// Only the stack that is named is judged, beside what it shares with others.
func TestMake_UpLooksAtOneStack(t *testing.T) {
	out, err := bare(t, map[string]string{"go": "exit 0\n", "pulumi": "exit 0\n"}, "-n", "up", "STACK=home")
	if err != nil || !strings.Contains(out, "out/bin/homeops validate home\n") || strings.Contains(out, "homeops validate\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestMake_UpThatFailsShowsWhatIsWrong(t *testing.T) {
	const builds = `mkdir -p out/bin && printf '#!/bin/sh\necho homeops "$@"\n' >out/bin/homeops && chmod +x out/bin/homeops` + "\n"
	const looks = "homeops doctor -faults lab\n"
	for code, c := range map[string]struct {
		fails, looks bool
	}{
		"0": {},
		"4": {true, true},
		"8": {true, false}, // a person said no
	} {
		pulumi := `[ "$1" != up ] || exit ` + code + "\n"
		out, err := bare(t, map[string]string{"go": builds, "pulumi": pulumi}, "up", "STACK=lab")
		if (err != nil) != c.fails || strings.Contains(out, looks) != c.looks || !strings.Contains(out, "homeops state save -if-asked lab\n") {
			t.Errorf("exit %s: %v\n%s", code, err, out)
		}
	}
}
