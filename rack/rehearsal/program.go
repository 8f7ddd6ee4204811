package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// program builds the cluster with the program of another commit, and has today's take it over with the same stack file.
// Nothing in a running cluster may change by that.
func program(ctx context.Context, r *rehearsal) error {
	before := *r.cli
	before.Project = r.config.Base
	err := r.phase("up", "pulumi up with the program in "+r.config.Base, func() error {
		result, err := before.Up(ctx)
		if result != nil {
			r.report.Resources.Created = result.Changes[apitype.OpCreate]
		}
		return err
	})
	if err != nil {
		return err
	}
	var steps []string
	err = r.phase("rerun", "pulumi up with today's program, which must change nothing", func() error {
		result, err := r.cli.Up(ctx, func(e apitype.EngineEvent) { steps = appendStep(steps, e) })
		if err != nil {
			return err
		}
		r.report.Resources.RerunChanges = result.Changed()
		slices.Sort(steps)
		r.add("today's program changes nothing that the other made", unchanged(result),
			fmt.Sprintf("%v %s", result.Changes, strings.Join(steps, ", ")))
		return nil
	})
	if err != nil {
		return err
	}
	return r.checked(ctx)
}
