package screen

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/rack/report"
)

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// underWay is a rehearsal in its third phase.
func underWay() *state {
	s := &state{began: began}
	at := func(seconds int, lines ...string) {
		for _, line := range lines {
			s.say(line, began.Add(time.Duration(seconds)*time.Second))
		}
	}
	at(0, "building what the rehearsal of home needs (see out/bin):", "  program                built         3 packages compiled, 12 s")
	at(20, "[1 of 5, 0:03] pulumi up, 5 nodes in maintenance mode, some 105 s", "     +  talos:machine:Bootstrap \x1b[32mcreated\x1b[0m (1s)", "")
	at(125, "[2 of 5, 1:48] pulumi up again, which must change nothing")
	at(149, "[3 of 5, 2:12] checking what came of it, some 50 s")
	at(150, report.Check{Name: "every node is ready", OK: true}.Line(), report.Check{Name: "a commit is applied", Detail: "the sample app is as before"}.Line(),
		report.Check{Name: "Ceph runs", OK: true, Skipped: true, Detail: "the stack has none"}.Line())
	return s
}

func TestDraw_ShowsThePhasesAndTheChecks(t *testing.T) {
	s := underWay()
	golden.Check(t, "underway.txt", []byte(strings.Join(s.lines(began.Add(3*time.Minute), 80), "\n")+"\n"))
	for _, line := range s.lines(began.Add(time.Hour), 30) {
		if ansi.StringWidth(line) > 30 {
			t.Errorf("too wide: %q", line)
		}
	}
}

func TestDraw_KeepsTheLastLinesOfAPhase(t *testing.T) {
	s := underWay()
	for i := range 3 * kept {
		s.say(strings.Repeat("x", i+1), began)
	}
	if len(s.tail) != kept || len(s.tail[kept-1]) != 3*kept {
		t.Errorf("%q", s.tail)
	}
}

func small() (width, height int) { return 40, 6 }

// What a terminal of six lines shows in the end is what was drawn last.
func TestScreen_DrawsAnewWhatChanged(t *testing.T) {
	var terminal, log bytes.Buffer
	s := New(&terminal, small, &log, "out/last.log")
	for _, line := range []string{"[1 of 2, 0:00] pulumi up", "    a", "[2 of 2, 0:09] checking what came of it", "    b"} {
		time.Sleep(2 * redraw)
		if _, err := s.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	var shown []string
	for part := range strings.SplitSeq(terminal.String(), ansi.EraseScreenBelow) {
		above := strings.Count(part, "\n")
		if part != terminal.String() && strings.Contains(part, "\x1b[") && !strings.Contains(part, ansi.CursorUp(above)) {
			t.Errorf("%d lines are drawn, and others erased: %q", above, part)
		}
		shown = strings.Split(part, "\n")
	}
	if text := strings.Join(shown, "|"); !strings.Contains(text, "✓  0:0") || !strings.Contains(text, "▸  0:00 checking what came of it|          b|") {
		t.Errorf("it shows %q", text)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestScreen_LeavesTheTableAndTheLog(t *testing.T) {
	var terminal, log bytes.Buffer
	s := New(&terminal, small, &log, "out/last.log")
	const all = "[1, 0:01] pulumi up\n    details\nrehearsal of home  ok: true\nnode  ready\n"
	for _, part := range []string{all[:5], all[5:40], all[40:]} {
		if _, err := s.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if log.String() != all {
		t.Errorf("the log has %q", log.String())
	}
	if !strings.HasSuffix(terminal.String(), "rehearsal of home  ok: true\nnode  ready\n") {
		t.Errorf("the terminal ends with %q", terminal.String())
	}
}

func TestScreen_LeavesTheLastLinesOfOneThatGotNowhere(t *testing.T) {
	var terminal, log bytes.Buffer
	s := New(&terminal, small, &log, "out/last.log")
	for range 2 * shown {
		_, _ = s.Write([]byte("compiling\n"))
	}
	_, _ = s.Write([]byte("no space left on device\n"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, end, _ := strings.Cut(terminal.String(), "compiling\ncompiling\n")
	if strings.Count(end, "compiling\n") > shown || !strings.HasSuffix(end, "compiling\nno space left on device\neverything that was said is in out/last.log\n") {
		t.Errorf("the terminal ends with %q", end)
	}
}

func TestWanted_OnlyOnATerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Wanted(file, func(name string) string { return map[string]string{"TERM": "xterm"}[name] }) {
		t.Error("a file is none")
	}
}
