package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/rack/report"
)

// scenarios are what can happen in a rehearsal, by their names in package scenario.
var scenarios = map[string]func(context.Context, *rehearsal) error{
	"":                   upAndUpAgain,
	"add-node":           addNode,
	"blackout":           blackout,
	"destroy":            destroy,
	"everywhere":         everywhere,
	"faults":             faults,
	"interrupted":        interrupted,
	"loss":               loss,
	"lockout":            lockout,
	"lost-state":         lostState,
	"partition":          partition,
	"program":            program,
	"readdress":          readdress,
	"rebuild":            rebuild,
	"reinstall":          reinstall,
	"remove-node":        removeNode,
	"rename-node":        renameNode,
	"replace-disk":       replaceDisk,
	"replace-node":       replaceNode,
	"reset":              reset,
	"restore-volume":     restoreVolume,
	"roll":               roll,
	"roll-interrupted":   rollInterrupted,
	"rotate":             rotate,
	"upgrade-kubernetes": upgradeKubernetes,
	"upgrade-talos":      upgradeTalos,
	"year-off":           yearOff,
}

// upAndUpAgain builds the cluster, builds it again, which must change nothing, and looks at what came of it.
func upAndUpAgain(ctx context.Context, r *rehearsal) error {
	if err := r.upTwice(ctx); err != nil {
		return err
	}
	if err := r.checked(ctx); err != nil {
		return err
	}
	if err := r.previewNothing(ctx); err != nil {
		return err
	}
	if err := r.phase("changes", "previewing changes of the stack file", func() error { return r.previewChanges(ctx) }); err != nil {
		return err
	}
	return r.phase("setting", "changing a setting of the tree", func() error { return r.changeSetting(ctx) })
}

func (r *rehearsal) upTwice(ctx context.Context) error {
	if err := r.up(ctx); err != nil {
		return err
	}
	return r.upAgain(ctx)
}

func (r *rehearsal) up(ctx context.Context, watch ...pulumi.Watcher) error {
	return r.phase("up", fmt.Sprintf("pulumi up, %d nodes in maintenance mode", len(r.rack.nodes)), func() error {
		result, err := r.cli.Up(ctx, watch...)
		if result != nil {
			r.report.Resources.Created = result.Changes[apitype.OpCreate]
		}
		return err
	})
}

func (r *rehearsal) upAgain(ctx context.Context) error {
	return r.phase("rerun", "pulumi up again, which must change nothing", func() error {
		result, err := r.cli.Up(ctx)
		if err != nil {
			return err
		}
		r.report.Resources.RerunChanges = result.Changed()
		r.add("up again changes nothing", unchanged(result), fmt.Sprintf("%v", result.Changes))
		return nil
	})
}

// previewNothing previews a cluster in which everybody has done their work since the last `up`: by what the state says, and by what is
// there.
func (r *rehearsal) previewNothing(ctx context.Context) error {
	for _, p := range []struct {
		phase, what, line string
		preview           func() (*pulumi.Result, error)
	}{
		{"preview", "pulumi preview, which must find nothing to change", "a preview finds nothing to change", func() (*pulumi.Result, error) { return r.cli.Preview(ctx) }},
		{"refresh", "pulumi preview --refresh, which must find everything as it was made", "nothing is other than `up` has made it", func() (*pulumi.Result, error) { return r.cli.PreviewRefresh(ctx) }},
	} {
		err := r.phase(p.phase, p.what, func() error {
			result, err := p.preview()
			if err != nil {
				return err
			}
			r.add(p.line, unchanged(result), fmt.Sprintf("%v", result.Changes))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) checked(ctx context.Context) error {
	return r.phase("checks", "checking what came of it", func() error { return r.check(ctx) })
}

// unchanged reports whether a run looked at something, and left it as it was.
func unchanged(result *pulumi.Result) bool {
	return result.Changed() == 0 && result.Changes[apitype.OpSame] > 0
}

func (r *rehearsal) add(name string, ok bool, detail string) {
	c := report.Check{Name: name, OK: ok, Detail: detail}
	r.report.Checks = append(r.report.Checks, c)
	fmt.Fprintln(r.out, c.Line())
}

// skip adds a line that has nothing to look at.
func (r *rehearsal) skip(name, why string) {
	c := report.Check{Name: name, OK: true, Skipped: true, Detail: why}
	r.report.Checks = append(r.report.Checks, c)
	fmt.Fprintln(r.out, c.Line())
}

// settle is how long a fresh cluster may take to show what the program has already waited for, or never waits for.
const settle = 60 * time.Second

// until is within what a fresh cluster may take to settle.
func until(ctx context.Context, try func(context.Context) error) error {
	return within(ctx, settle, try)
}

// within tries again until there is no error or the time is over, and returns the last error.
func within(ctx context.Context, limit time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	for {
		attempt, done := context.WithTimeout(ctx, 5*time.Second)
		latest := try(attempt)
		done()
		if latest == nil {
			return nil
		}
		// One that the end of the time has cut off says nothing of why.
		if err == nil || ctx.Err() == nil {
			err = latest
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", limit, err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}
