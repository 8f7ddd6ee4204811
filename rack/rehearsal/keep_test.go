package rehearsal

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec/spectest"
)

// enter runs the script with an nsenter that, as the genuine one does, begins in the root of the mounts.
func enter(t *testing.T, project string, env []string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
		return path
	}
	write("nsenter", "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift\ncd / && exec \"$@\"\n")
	script := write("enter", enterScript(write("how", "--target 1"), project, env))
	cmd := exec.Command(script, args...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "PULUMI_STACK=mine", "OP_ACCOUNT=mine")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func TestEnter_RunsACommandInTheProjectWithTheRehearsalsEnvironmentAlone(t *testing.T) {
	project := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(project, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "PULUMI_CONFIG_PASSPHRASE=$HOME `x` 'y'", "KUBECONFIG=/k"}
	if got := enter(t, project, env, "pwd"); got != project+"\n" {
		t.Errorf("it runs in %s", got)
	}
	got := enter(t, project, env, "env")
	for _, entry := range env {
		if !strings.Contains(got, entry+"\n") {
			t.Errorf("no %s in\n%s", entry, got)
		}
	}
	for _, name := range []string{"PULUMI_STACK", "OP_ACCOUNT"} {
		if strings.Contains(got, name) {
			t.Errorf("%s of the shell outside is inside, too", name)
		}
	}
	if got := enter(t, project, env, "sh", "-c", "echo \"$1\"", "sh", "two words"); got != "two words\n" {
		t.Errorf("an argument became %q", got)
	}
}

func TestHandOver_PrintsLinesForAShell(t *testing.T) {
	want := `
The rack is up, and Ctrl-C ends it. In another terminal:

  /run/enter kubectl get nodes -o wide             # with Kubernetes's own kubectl
  /run/enter talosctl -n 10.0.50.11 version        # with your own talosctl
  /run/enter pulumi preview --stack home           # of the rehearsal's state
  /run/enter                                       # a shell in the room
`
	stack := spectest.Home(t)
	stack.Name = "home"
	got := handOver(stack, "/run/enter")
	// How far the comments stand to the right is no matter.
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	if words(got) != words(want) {
		t.Errorf("got%s", got)
	}
}
