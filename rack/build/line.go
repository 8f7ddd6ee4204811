package build

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// line is the progress line of one part: rewritten each second on a terminal, printed now and then elsewhere.
type line struct {
	out      io.Writer
	part     Part
	compiled *atomic.Int64
	began    time.Time
	terminal bool
	stop     chan struct{}
	stopped  chan struct{}
}

func newLine(out io.Writer, p Part, compiled *atomic.Int64) *line {
	l := &line{
		out: out, part: p, compiled: compiled, began: time.Now(), terminal: isTerminal(out),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go l.run()
	return l
}

func (l *line) run() {
	defer close(l.stopped)
	every := 15 * time.Second
	if l.terminal {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.print("building", l.part.Note, l.terminal)
		}
	}
}

func (l *line) done(err error) {
	close(l.stop)
	<-l.stopped
	switch {
	case err != nil:
		l.print("FAILED", "", false)
	case l.compiled.Load() == 0:
		l.print("up to date", "", false)
	default:
		l.print("built", "", false)
	}
}

func (l *line) print(state, note string, stay bool) {
	begin, end := "", "\n"
	if l.terminal {
		begin = "\r\x1b[K"
	}
	if stay {
		end = ""
	}
	if note != "" {
		note = " (" + note + ")"
	}
	fmt.Fprintf(l.out, "%s  %-22s %-10s %4d packages compiled, %.0f s%s%s",
		begin, l.part.Name, state, l.compiled.Load(), time.Since(l.began).Seconds(), note, end)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
