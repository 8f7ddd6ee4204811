package rehearsal

import (
	"fmt"
	"time"

	"github.com/home-ops/home-ops/rack/report"
)

// progress tells how far a rehearsal is: `[3 of 13, 1:24] what it does, some 35 s`. How many phases there are, and how long
// each takes, is known from the last one like it.
type progress struct {
	began  time.Time
	before []report.Phase
}

// line is that of a phase that begins, when so many are done.
func (p progress) line(done int, what string, now time.Time) string {
	of, expected := "", ""
	if len(p.before) > done {
		of = fmt.Sprintf(" of %d", len(p.before))
		if last := p.before[done]; last.What == what && last.Seconds >= 1 {
			expected = fmt.Sprintf(", some %.0f s", last.Seconds)
		}
	}
	elapsed := now.Sub(p.began)
	return fmt.Sprintf("[%d%s, %d:%02d] %s%s", done+1, of, int(elapsed.Minutes()), int(elapsed.Seconds())%60, what, expected)
}
