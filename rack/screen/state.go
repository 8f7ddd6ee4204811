package screen

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/home-ops/home-ops/rack/report"
)

// state is what is known of a rehearsal from what it has said.
type state struct {
	began  time.Time
	phases []phase
	// of is how many phases there will be; 0 where no rehearsal like it has ended before.
	of int
	// tail are the last lines of the phase that is under way.
	tail []string
	// good are the checks that are ok, and bad those that are not.
	good int
	bad  []string
}

type phase struct {
	what        string
	began       time.Time
	took        time.Duration
	expected    time.Duration
	hasExpected bool
}

// kept is how many lines of a phase are shown.
const kept = 8

// phaseLine is that of rehearsal's progress: [2 of 5, 1:24] what it does, some 35 s
var phaseLine = regexp.MustCompile(`^\[\d+(?: of (\d+))?, \d+:\d\d\] (.*?)(?:, some (\d+) s)?$`)

// say takes one line.
func (s *state) say(line string, now time.Time) {
	if m := phaseLine.FindStringSubmatch(line); m != nil {
		if of, err := strconv.Atoi(m[1]); err == nil {
			s.of = of
		}
		next := phase{what: m[2], began: now}
		if seconds, err := strconv.Atoi(m[3]); err == nil {
			next.expected, next.hasExpected = time.Duration(seconds)*time.Second, true
		}
		s.begin(next, now)
		return
	}
	if check, is := report.ReadLine(line); is {
		switch {
		case !check.OK:
			s.bad = append(s.bad, check.Name)
		case !check.Skipped:
			s.good++
		}
		return
	}
	if len(s.phases) == 0 {
		s.begin(phase{what: "building what it needs", began: now}, now)
	}
	if text := strings.TrimSpace(ansi.Strip(line)); text != "" {
		s.tail = append(s.tail, text)
		s.tail = s.tail[max(0, len(s.tail)-kept):]
	}
}

func (s *state) begin(next phase, now time.Time) {
	if last := len(s.phases) - 1; last >= 0 {
		s.phases[last].took = now.Sub(s.phases[last].began)
	}
	s.phases, s.tail = append(s.phases, next), nil
}

// lines are the picture of it, no wider than the terminal.
func (s *state) lines(now time.Time, width int) []string {
	var lines []string
	for i, p := range s.phases {
		if i < len(s.phases)-1 {
			lines = append(lines, fmt.Sprintf("  ✓ %s %s", clock(p.took), p.what))
			continue
		}
		line := fmt.Sprintf("  ▸ %s %s", clock(now.Sub(p.began)), p.what)
		if p.hasExpected {
			line += ", some " + strings.TrimSpace(clock(p.expected))
		}
		lines = append(lines, line)
		for _, said := range s.tail {
			lines = append(lines, "          "+said)
		}
	}
	// The build is none of a rehearsal's phases.
	if left := s.of - (len(s.phases) - 1); s.of > 0 && left > 0 {
		lines = append(lines, fmt.Sprintf("    %5s %d more", "", left))
	}
	if s.good+len(s.bad) > 0 {
		lines = append(lines, fmt.Sprintf("    %d checks ok, %d not", s.good, len(s.bad)))
	}
	for _, name := range s.bad {
		lines = append(lines, "  ✗ "+name)
	}
	lines = append(lines, fmt.Sprintf("    %s since it began; Ctrl-C ends it, and leaves nothing behind", strings.TrimSpace(clock(now.Sub(s.began)))))
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, width, "…")
	}
	return lines
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%2d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
