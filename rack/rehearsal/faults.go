package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/pulumi"
)

// faults has one cluster built while each outside service fails in turn. Every `up` that cannot succeed says which
// resource failed and why; the one after the last fault completes what the others began, and nothing is there twice. What
// was made by a call of which the answer was lost is removed by the next `up`, which makes it again.
func faults(ctx context.Context, r *rehearsal) error {
	late := r.world.webhookFaults()
	text, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	if late != nil {
		if err := r.edit(withoutWebhook); err != nil {
			return err
		}
	}
	r.world.failStore()
	if err := r.strike(ctx, r.world.faults()); err != nil {
		return err
	}
	if err := r.restore(text); err != nil {
		return err
	}
	if err := r.strike(ctx, late); err != nil {
		return err
	}
	err = r.phase("up", "pulumi up, with every service well again", func() error {
		_, err := r.cli.Up(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	if err := r.phase("checks", "checking that nothing is there twice", func() error { return r.checkFaults(ctx) }); err != nil {
		return err
	}
	for _, fault := range r.world.revocations() {
		if err := r.phase("revoked", "pulumi preview and up, while "+fault.name, func() error { return r.revoked(ctx, fault) }); err != nil {
			return err
		}
	}
	err = r.phase("revoked", "pulumi up, with every token good again", func() error { return r.allowedAgain(ctx) })
	if err != nil {
		return err
	}
	return r.phase("outage", "upgrading a release while admission does not answer", func() error {
		c, err := r.openCluster(ctx)
		if err != nil {
			return err
		}
		r.outage(ctx, c)
		return nil
	})
}

func (r *rehearsal) outage(ctx context.Context, c *cluster) {
	if r.addReady(ctx, c, "before the outage") == nil {
		detail, err := r.checkOutage(ctx, c)
		r.addChecked("a release recovers from an outage of admission", detail, err)
	}
}

// strike has an `up` fail of each fault in turn.
func (r *rehearsal) strike(ctx context.Context, faults []fault) error {
	for _, fault := range faults {
		err := r.phase("faults", "pulumi up, while "+fault.name, func() error {
			_, err := r.fails(ctx, fault, r.cli.Up)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// allowedAgain looks at a finished cluster whose tokens were bad for a while.
func (r *rehearsal) allowedAgain(ctx context.Context) error {
	result, err := r.cli.Up(ctx)
	if err != nil {
		return err
	}
	r.add("with every token good again up changes nothing", unchanged(result), fmt.Sprintf("%v", result.Changes))
	return nil
}

// revoked looks at a finished cluster with a token that is no longer good: neither preview nor up does anything.
func (r *rehearsal) revoked(ctx context.Context, fault fault) error {
	preview := fault
	preview.name = "preview, while " + fault.name
	if _, err := r.fails(ctx, preview, r.cli.Preview); err != nil {
		return err
	}
	up := fault
	up.name = "up, while " + fault.name
	result, err := r.fails(ctx, up, r.cli.Up)
	if err != nil {
		return err
	}
	r.add("up changes nothing, while "+fault.name, result.Changed() == 0, fmt.Sprintf("%v", result.Changes))
	return nil
}

// operation is one of pulumi's.
type operation func(context.Context, ...pulumi.Watcher) (*pulumi.Result, error)

// fails runs pulumi with a fault. It must fail, and say why.
func (r *rehearsal) fails(ctx context.Context, fault fault, do operation) (*pulumi.Result, error) {
	var said []string
	fault.strike()
	result, err := do(ctx, func(e apitype.EngineEvent) { said = appendComplaint(said, e) })
	r.world.heal()
	if result == nil || ctx.Err() != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	at := slices.IndexFunc(said, func(s string) bool { return containsAll(s, fault.says) })
	switch {
	case err == nil:
		r.add(fault.name, false, "pulumi said that all went well")
	case at < 0:
		r.add(fault.name, false, fmt.Sprintf("nobody said %q, but %q", fault.says, said))
	default:
		r.add(fault.name, true, said[at])
	}
	return result, nil
}

// appendComplaint adds each line of an error, with the name of the resource that it is about.
func appendComplaint(said []string, e apitype.EngineEvent) []string {
	d := e.DiagnosticEvent
	if d == nil || d.Severity != "error" {
		return said
	}
	about := ""
	if d.URN != "" {
		about = resource.URN(d.URN).Name() + ": "
	}
	for line := range strings.Lines(d.Message) {
		if line = strings.TrimSpace(line); line != "" {
			said = append(said, about+strings.TrimPrefix(strings.TrimPrefix(line, "error: "), "* "))
		}
	}
	return said
}

func containsAll(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}
