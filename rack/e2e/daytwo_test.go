package e2e

import (
	"flag"
	"testing"

	"github.com/home-ops/home-ops/rack/scenario"
)

var dayTwo = flag.Bool("day2", false, "rehearse every scenario for home and lab, which takes hours")

// onDayTwo leaves a test out of `make test`.
func onDayTwo(t *testing.T) {
	t.Helper()
	if !*dayTwo {
		t.Skip("`make test-day2` runs it")
	}
}

// `make test` rehearses those that fit its time by tests of their own, which look closer.
func TestDayTwo_EveryScenarioOfHomeAndLab(t *testing.T) {
	onDayTwo(t)
	for _, s := range scenario.Table {
		for _, stack := range []string{"home", "lab"} {
			if !s.For(stack) {
				continue
			}
			t.Run(s.Name+"/"+stack, func(t *testing.T) {
				o := options(t, stack)
				o.Scenario, o.Limit = s.Name, 0
				if s.Base {
					o.Base = "HEAD"
				}
				rehearse(t, o)
			})
		}
	}
}
