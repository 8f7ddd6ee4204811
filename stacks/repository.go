package stacks

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/gitremote"
	"github.com/home-ops/home-ops/spec"
)

// Repository is nil when a Git repository has a folder on a branch, and a [*gitremote.MissingError] when it has not. Any
// other error says why nobody knows.
type Repository func(ctx context.Context, repository, branch, folder string) error

// checkRepository refuses an update whose cluster would find nothing to follow: Flux would be waited for, ten minutes long,
// after all machines are made. A cluster that follows something already is looked at in updates alone: in a preview its next
// folder may be a commit that is yet to be merged. What is an OCI artifact is not looked at, because its pipeline may push it
// later.
func (h history) checkRepository(ctx *pulumi.Context, stack *spec.Stack, look Repository) error {
	f, first := stack.Flux, h.applied == nil
	if f.OCI() || !first && ctx.DryRun() {
		return nil
	}
	err := look(ctx.Context(), f.Repository, f.Branch, f.Path)
	var missing *gitremote.MissingError
	unknown := err != nil && !errors.As(err, &missing)
	switch {
	case err == nil, unknown && !first:
		return nil
	case unknown:
		return ctx.Log.Warn(fmt.Sprintf("nobody could look whether %s has %s on its branch %s: %v. Flux will read it with access of its own.",
			f.Repository, f.Path, f.Branch, err), nil)
	case ctx.DryRun():
		return ctx.Log.Warn(fmt.Sprintf("%v: push it before the update, which stops at this otherwise", missing), nil)
	default:
		return fmt.Errorf("flux: %w, and Flux would wait for it: commit, `git push`, and run this again; nothing was touched", missing)
	}
}
