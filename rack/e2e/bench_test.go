package e2e

import (
	"io"
	"testing"

	"github.com/home-ops/home-ops/rack/launch"
)

// A rehearsal as a person waits for it once everything is built, and what of it is pulumi's.
func BenchmarkRehearsal(b *testing.B) {
	for _, stack := range []string{"home", "lab"} {
		b.Run(stack, func(b *testing.B) {
			o := options(b, stack)
			// What it says has lines that benchstat would take for settings.
			o.Out = io.Discard
			for range b.N {
				r, err := launch.Rehearse(b.Context(), o)
				if err != nil {
					b.Fatal(err)
				}
				for _, phase := range []string{"up", "rerun", "preview", "refresh"} {
					b.ReportMetric(r.Seconds[phase], phase+"-sec")
				}
				b.ReportMetric(r.Seconds["total"]-r.Seconds["build"], "warm-sec")
				b.ReportMetric(float64(r.PeakMegabytes), "MB")
			}
			b.ReportMetric(0, "ns/op") // it has the builds in it
		})
	}
}
