package rehearsal

import (
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/report"
)

func TestProgress_SaysHowFarItIsAndWhatTheLastOneTook(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := progress{began: began, before: []report.Phase{{What: "pulumi up", Seconds: 35.4}, {What: "a drill", Seconds: 0.2}, {What: "checks", Seconds: 9}}}
	for _, test := range []struct {
		done  int
		what  string
		after time.Duration
		want  string
	}{
		{0, "pulumi up", 0, "[1 of 3, 0:00] pulumi up, some 35 s"},
		{1, "a drill", 84 * time.Second, "[2 of 3, 1:24] a drill"},
		{2, "another", 11*time.Minute + 2*time.Second, "[3 of 3, 11:02] another"},
		{3, "more than before", 12 * time.Minute, "[4, 12:00] more than before"},
	} {
		if got := p.line(test.done, test.what, began.Add(test.after)); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
