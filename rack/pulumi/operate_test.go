package pulumi

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// fake is a pulumi that does what the script says; $log is the event log that it was told to write.
func fake(t *testing.T, script string) *CLI {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "pulumi")
	head := "#!/bin/sh\nfor a; do [ \"$last\" = --event-log ] && log=$a; last=$a; done\n"
	if err := os.WriteFile(path, []byte(head+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return &CLI{Path: path, Project: dir, Stack: "home", Out: io.Discard, Logs: filepath.Join(dir, "logs"), Env: os.Environ()}
}

func TestUp_CountsChangesAndShowsEventsAsTheyHappen(t *testing.T) {
	cli := fake(t, `
printf '{"sequence":1,"diagnosticEvent":{"severity":"err' > $log; sleep 0.2
printf 'or","message":"no"}}\n{"sequence":2,"summaryEvent":{"resourceChanges":{"create":3,"same":2,"read":1}}}\n' >> $log
`)
	seen := 0
	result, err := cli.Up(t.Context(), func(apitype.EngineEvent) { seen++ })
	if err != nil {
		t.Fatal(err)
	}
	if seen != 2 || result.Changed() != 3 || len(result.Errors) != 1 || result.Errors[0] != "no" {
		t.Errorf("saw %d events, %d changes, errors %v", seen, result.Changed(), result.Errors)
	}
}

func TestUp_TakesNoRunWithAFailedOperationForASuccess(t *testing.T) {
	result, err := fake(t, `
printf '{"resOpFailedEvent":{"metadata":{"op":"create","type":"kubernetes:helm.sh/v3:Release","urn":"urn:pulumi:home::home-ops::kubernetes:helm.sh/v3:Release::cilium-release"}}}\n' > $log
printf '{"summaryEvent":{"resourceChanges":{"create":3}}}\n' >> $log
`).Up(t.Context())
	want := "pulumi up ended as if all were well, and failed to create kubernetes:helm.sh/v3:Release cilium-release"
	if err == nil || err.Error() != want || result.Changed() != 3 {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestUp_DoesOneThingAfterTheOtherWhenAsked(t *testing.T) {
	cli := fake(t, "case \"$*\" in *'--parallel 1'*) exit 3;; esac\n")
	if _, err := cli.Up(t.Context()); err != nil {
		t.Errorf("side by side: %v", err)
	}
	cli.Serial = true
	if _, err := cli.Up(t.Context()); err == nil {
		t.Error("one after the other: pulumi was not told")
	}
}

func TestReplace_NamesTheResource(t *testing.T) {
	cli := fake(t, "case \"$*\" in 'up '*'--replace urn:a::b --yes'*) ;; *) exit 3;; esac\n")
	if _, err := cli.Replace(t.Context(), "urn:a::b"); err != nil {
		t.Error(err)
	}
}

func TestUp_ShowsTheEndOfWhatAFailedRunSaid(t *testing.T) {
	_, err := fake(t, "seq 1 100; echo 'the node is on fire'; exit 3\n").Up(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the node is on fire") || strings.Contains(err.Error(), "\n2\n") {
		t.Errorf("got %v", err)
	}
}

func TestUp_EndedByAPersonGetsTheSignalAgain(t *testing.T) {
	cli := fake(t, `
n=0; trap 'n=$((n+1)); echo $n > count; [ $n -ge 2 ] && exit 1' INT
: > started; while :; do sleep 0.02; done
`)
	var family []int
	cli.Family = &family
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(cli.Project, "started")); err == nil {
				cancel(Ended{Signal: syscall.SIGINT, Again: true})
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err := cli.Up(ctx)
	var by Ended
	if !errors.As(err, &by) || by.Signal != syscall.SIGINT {
		t.Errorf("error %v", err)
	}
	count, _ := os.ReadFile(filepath.Join(cli.Project, "count"))
	if strings.TrimSpace(string(count)) != "2" {
		t.Errorf("it got %q signals, want 2", count)
	}
	if len(family) == 0 || Outlived(family, 5*time.Second) != 0 {
		t.Errorf("of the processes %v some live on", family)
	}
}

func TestUp_KilledTakesItsChildrenWithIt(t *testing.T) {
	cli := fake(t, "setsid sh -c 'echo $$ > child; exec sleep 60' &\nwait\n")
	ctx, cancel := context.WithCancelCause(t.Context())
	child := 0
	go func() {
		for child == 0 && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			text, _ := os.ReadFile(filepath.Join(cli.Project, "child"))
			child, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		cancel(ErrKilled)
	}()
	if _, err := cli.Up(ctx); !errors.Is(err, ErrKilled) {
		t.Fatalf("got %v, want %v", err, ErrKilled)
	}
	for range 100 {
		if syscall.Kill(child, 0) != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %d in a session of its own is still there", child)
}

// With --skip-preview pulumi deletes on its way to the first thing that is protected.
func TestDestroy_GoesOnOnlyWhereItsPreviewDoes(t *testing.T) {
	for fails, want := range map[string]string{"preview-only": "preview-only\n", "nothing": "preview-only\nskip-preview\n"} {
		cli := fake(t, `cd "$(dirname "$0")"
for word in preview-only skip-preview; do
case "$*" in *--$word*) echo $word >> ran; [ `+fails+` != $word ] || exit 3;; esac
done
`)
		_, err := cli.Destroy(t.Context())
		if (err != nil) != (fails == "preview-only") {
			t.Errorf("%s fails: %v", fails, err)
		}
		if ran, err := os.ReadFile(filepath.Join(cli.Project, "ran")); err != nil || string(ran) != want {
			t.Errorf("%s fails: it ran %q, %v", fails, ran, err)
		}
	}
}
