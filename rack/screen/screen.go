// Package screen shows a rehearsal in a terminal as a list of its phases, with the last lines of the one that is under way and
// the checks that were made. Everywhere else, and in the log, there are plain lines.
//
// It only writes. A library that also reads the keyboard asks the terminal what it can do, and Ctrl-C is the rehearsal's own.
package screen

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// Wanted reports whether a file is a terminal on which lines can be drawn anew.
func Wanted(out *os.File, getenv func(string) string) bool {
	return getenv("CI") == "" && getenv("TERM") != "" && getenv("TERM") != "dumb" && term.IsTerminal(int(out.Fd()))
}

// SizeOf is the present size of a terminal, in characters.
func SizeOf(terminal *os.File) func() (width, height int) {
	return func() (int, int) {
		width, height, err := term.GetSize(int(terminal.Fd()))
		if err != nil || width < 20 || height < 5 {
			return 80, 24
		}
		return width, height
	}
}

// plainFrom are the beginnings of lines from which on everything is for the reader to keep: the table at the end, and what is
// said of a rack that is kept.
var plainFrom = []string{"rehearsal of ", "The rack is up"}

// Screen takes the lines of a rehearsal.
type Screen struct {
	out     io.Writer
	size    func() (width, height int)
	log     io.Writer
	logPath string
	tick    *time.Ticker
	ended   chan struct{}

	mu    sync.Mutex
	state state
	// drawn is how many lines of the picture stand on the terminal, and at is when they were drawn.
	drawn int
	at    time.Time
	rest  []byte
	plain bool
	last  []string
}

// redraw is how often the picture changes at most.
const redraw = 100 * time.Millisecond

// New draws on a terminal from now on. Every line also goes into the log, whose path is told where the picture ends without a
// table.
func New(out io.Writer, size func() (width, height int), log io.Writer, logPath string) *Screen {
	s := &Screen{
		out: out, size: size, log: log, logPath: logPath, tick: time.NewTicker(time.Second), ended: make(chan struct{}),
		state: state{began: time.Now()},
	}
	go func() {
		for {
			select {
			case <-s.ended:
				return
			case <-s.tick.C:
				s.mu.Lock()
				s.draw()
				s.mu.Unlock()
			}
		}
	}()
	return s
}

// Write takes part of the lines.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.log.Write(p); err != nil {
		return 0, err
	}
	s.rest = append(s.rest, p...)
	for {
		line, rest, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			break
		}
		s.rest = rest
		s.line(string(line))
	}
	if time.Since(s.at) > redraw {
		s.draw()
	}
	return len(p), nil
}

func (s *Screen) line(text string) {
	for _, begin := range plainFrom {
		if !s.plain && strings.HasPrefix(text, begin) {
			s.end()
		}
	}
	if s.plain {
		fmt.Fprintln(s.out, text)
		return
	}
	s.last = append(s.last, text)
	s.last = s.last[max(0, len(s.last)-shown):]
	s.state.say(text, time.Now())
}

// draw puts the picture in the place of the former one.
func (s *Screen) draw() {
	if s.plain {
		return
	}
	s.at = time.Now()
	width, height := s.size()
	lines := s.state.lines(s.at, width)
	// Of what is higher than the terminal the beginning is gone.
	lines = lines[max(0, len(lines)-height+1):]
	s.erase()
	fmt.Fprint(s.out, strings.Join(lines, "\n")+"\n")
	s.drawn = len(lines)
}

func (s *Screen) erase() {
	if s.drawn > 0 {
		fmt.Fprint(s.out, ansi.CursorUp(s.drawn)+"\r"+ansi.EraseScreenBelow)
		s.drawn = 0
	}
}

// end leaves the picture as it is now.
func (s *Screen) end() {
	s.draw()
	s.plain = true
	s.tick.Stop()
	close(s.ended)
}

// shown is how many lines are shown of a rehearsal that ended without a table.
const shown = 40

// Close ends the picture. Of a rehearsal that got to no table, the last lines are left on the terminal.
func (s *Screen) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plain {
		return nil
	}
	s.end()
	if rest := strings.TrimSpace(string(s.rest)); rest != "" {
		s.last = append(s.last, rest)
	}
	for _, text := range s.last {
		fmt.Fprintln(s.out, text)
	}
	_, err := fmt.Fprintf(s.out, "everything that was said is in %s\n", s.logPath)
	return err
}
