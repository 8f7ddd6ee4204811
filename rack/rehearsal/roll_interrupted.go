package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/spec"
)

// firstMoment is the moment of a run of `up` at which the roll is ended first: its machine is on its way down by then. A
// machine has seven moments at least, so that a roll of five is ended five times before it is through.
const firstMoment = 3

// rollInterrupted ends `up` in the middle of a roll again and again, and has the next run go on. The image changes, which is
// the longest of the ways in which a machine goes down.
func rollInterrupted(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, leastWrites, func(c *cluster, _ marks) error {
		step := rollSteps[len(rollSteps)-1]
		before := r.stack
		if err := r.edit(step.edit); err != nil {
			return err
		}
		runs := 0
		did, err := r.act(ctx, c, step.name+", ended again and again", func() (err error) {
			runs, err = r.rollThrough(ctx)
			return err
		})
		r.judge(did, step.down(before, r.stack), step.restarts)
		if err != nil {
			return err
		}
		r.endedOften(runs)
		r.came(did, "every machine runs it", r.runsWhatItShould())
		return nil
	})
}

// endedOften is whether a roll was ended once for each machine at least.
func (r *rehearsal) endedOften(runs int) {
	r.add("the roll was ended on its way", runs >= len(r.stack.Nodes), fmt.Sprintf("%d times, for %d machines", runs, len(r.stack.Nodes)))
}

// rollThrough runs `up` until it comes to its end, and ends each run before that, one moment later than the one before. It
// returns how many it has ended.
func (r *rehearsal) rollThrough(ctx context.Context) (ended int, err error) {
	ways := endings()
	for ; ctx.Err() == nil; ended++ {
		at, met := firstMoment+ended, ""
		watch := func(_ context.Context, kill func()) pulumi.Watcher {
			told := 0
			return func(e apitype.EngineEvent) {
				line, ok := toldOf(e, r.stack.Nodes)
				if !ok {
					return
				}
				if told++; told == at {
					met = line
					kill()
				}
			}
		}
		went := r.interrupt(ctx, fmt.Sprintf("the roll, moment %d", at), ways[ended%len(ways)], watch)
		last := &r.report.Checks[len(r.report.Checks)-1]
		switch {
		case went:
			last.Detail += ": " + met
		case last.OK:
			return ended, nil
		default:
			return ended, fmt.Errorf("up: %s", last.Detail)
		}
	}
	return ended, context.Cause(ctx)
}

// toldOf is what the roll tells of a node, as the engine passes it on.
func toldOf(e apitype.EngineEvent, nodes []spec.Node) (line string, ok bool) {
	if e.DiagnosticEvent == nil {
		return "", false
	}
	line = strings.TrimSpace(colors.Never.Colorize(e.DiagnosticEvent.Message))
	return line, slices.ContainsFunc(nodes, func(n spec.Node) bool { return strings.HasPrefix(line, n.Name+": ") })
}
