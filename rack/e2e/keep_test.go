package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"

	"github.com/home-ops/home-ops/rack/launch"
	"github.com/home-ops/home-ops/rack/report"
)

// TestMain lets this program be the talosctl that a person has.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "talosctl" {
		os.Exit(m.Run())
	}
	if err := talosctl(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// talosctl is its command version, with the talosconfig that the environment names.
func talosctl(args []string) error {
	if len(args) != 3 || args[0] != "-n" || args[2] != "version" {
		return fmt.Errorf("talosctl: %q is not asked for here", args)
	}
	config, err := clientconfig.Open(os.Getenv("TALOSCONFIG"))
	if err != nil {
		return err
	}
	talos, err := client.New(context.Background(), client.WithConfig(config))
	if err != nil {
		return err
	}
	defer talos.Close()
	answer, err := talos.Version(client.WithNode(context.Background(), args[1]))
	if err != nil {
		return err
	}
	fmt.Println(answer.GetMessages()[0].GetVersion().GetTag())
	return nil
}

// rehearseAndKeep runs a rehearsal that must be ok, and then every line that it prints for a kept rack. What a line does
// is known by how its command begins, and must say the text.
func rehearseAndKeep(t *testing.T, o launch.Options, want map[string]string) *report.Report {
	t.Helper()
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "talosctl")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	// An operator's own settings, which are not for the rehearsal's state.
	t.Setenv("PULUMI_STACK", "another")

	o.Keep = true
	var said safeBuffer
	o.Out = io.MultiWriter(&said, o.Out)
	ctx, cancel := context.WithTimeout(t.Context(), o.Limit)
	defer cancel()
	go func() {
		// The line after the last of the four is not waited for: they are printed at once.
		waitForText(ctx, &said, "a shell in the room\n")
		tried := 0
		for _, line := range said.linesAfter("The rack is up") {
			enter, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			if filepath.Base(enter) != "enter" {
				continue
			}
			tried++
			out, err := exec.CommandContext(ctx, "sh", "-c", line).CombinedOutput()
			command, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), enter)), "#")
			if err != nil || !strings.Contains(string(out), answerTo(command, want)) {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
		if tried != len(want) {
			t.Errorf("%d lines are printed, want %d", tried, len(want))
		}
		cancel()
	}()
	r, err := launch.Rehearse(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answerTo is what a command must say; the empty one is a shell, which says nothing.
func answerTo(command string, want map[string]string) string {
	for begin, text := range want {
		if begin != "" && strings.HasPrefix(command, begin) {
			return text
		}
	}
	return want[""]
}
