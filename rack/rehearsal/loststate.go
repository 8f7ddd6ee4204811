package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// lostState loses the backend, and puts the state back from its sealed copy: from one of the last update, and then from one that
// knows nothing of the update after it.
func lostState(ctx context.Context, r *rehearsal) error {
	kept, err := r.keepCopies()
	if err != nil {
		return err
	}
	later, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	if g := r.stack.Flux.GitHub; g != nil && g.RegisterWebhook {
		if err := r.edit(withoutWebhook); err != nil {
			return err
		}
	}
	return r.inUse(ctx, 0, func(c *cluster, _ marks) error {
		err := r.phase("lost-state", "losing the state, and restoring it", func() error { return r.restoreLost(ctx, c, kept) })
		if err != nil {
			return err
		}
		return r.phase("lost-state", "losing the state of an update that no copy has", func() error { return r.restoreStale(ctx, c, kept, later) })
	})
}

// restoreStale makes something in the cluster, on every machine and at an account that the newest copy does not know, loses the
// state, and has `up` take it over.
func (r *rehearsal) restoreStale(ctx context.Context, c *cluster, kept copies, later []byte) error {
	if err := r.restore(later); err != nil {
		return err
	}
	if err := r.edit(anotherPool(r.stack)); err != nil {
		return err
	}
	if err := r.edit(nodeDefaults("sysctls", map[string]any{"vm.max_map_count": "524288"})); err != nil {
		return err
	}
	if _, err := r.act(ctx, c, "an update that no copy has", func() error {
		_, err := r.cli.Up(ctx)
		return err
	}); err != nil {
		return err
	}
	accounts := r.world.accounts()
	state := filepath.Join(r.config.Dir, "state")
	if err := errors.Join(os.Rename(state, state+"-lost-again"), os.Mkdir(state, 0o755)); err != nil {
		return err
	}
	if err := r.asWritten(ctx, restoreState, "", map[string]string{"key.txt": kept.identity}); err != nil {
		return err
	}
	preview, err := r.cli.Preview(ctx)
	if err != nil {
		return err
	}
	r.tellsWhatCameLater(preview)
	did, err := r.act(ctx, c, "a copy from before the last update", func() error {
		if _, err := r.cli.Up(ctx); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "up takes over what came after it", err)
	r.alone(did)
	r.madeOnce(did, accounts)
	return err
}

// tellsWhatCameLater is whether a preview with a copy that is too old tells so.
func (r *rehearsal) tellsWhatCameLater(preview *pulumi.Result) {
	r.add("a preview with a copy from before the last update shows what came after it", preview.Changes[apitype.OpCreate] > 0,
		fmt.Sprintf("%v", preview.Changes))
}

// madeOnce is whether the accounts have what they had, and nothing of it twice.
func (r *rehearsal) madeOnce(did report.Step, before []string) {
	after := r.world.accounts()
	err := differs("the accounts", before, after)
	if err == nil && !slices.Equal(before, after) {
		err = fmt.Errorf("something is not there as often as before: %v", after)
	}
	r.addChecked(did.Name+": each thing at the accounts is there as before", fmt.Sprintf("%d things", len(after)), err)
}

// anotherPool makes a pool of the last address of another one, where the stack has a range that can be cut.
func anotherPool(s *spec.Stack) func(config map[string]any) error {
	return func(config map[string]any) error {
		for _, p := range s.Cilium.Pools {
			at := len(p.Blocks) - 1
			last := p.Blocks[at]
			shorter := spec.Range{First: last.First, Last: last.Last.Prev()}
			if last.Prefix.IsValid() || !shorter.Last.IsValid() || shorter.Last.Less(shorter.First) {
				continue
			}
			cilium, _ := config["home-ops:cilium"].(map[string]any)
			pools, _ := cilium["pools"].([]any)
			for _, entry := range pools {
				pool, _ := entry.(map[string]any)
				blocks, _ := pool["blocks"].([]any)
				if pool["name"] != p.Name || len(blocks) <= at {
					continue
				}
				blocks[at] = shorter.String()
				cilium["pools"] = append(pools, map[string]any{"name": "later", "blocks": []any{spec.Range{First: last.Last, Last: last.Last}.String()}})
				return nil
			}
		}
		return nil
	}
}

func (r *rehearsal) restoreLost(ctx context.Context, c *cluster, kept copies) error {
	_, err := r.act(ctx, c, "homeops state save and breakglass save", func() error {
		if err := r.homeops(ctx, "", "breakglass", "save", r.stack.Name); err != nil {
			return err
		}
		return r.homeops(ctx, "", "state", "save", r.stack.Name)
	})
	if err != nil {
		return err
	}
	state := filepath.Join(r.config.Dir, "state")
	if err := errors.Join(os.Rename(state, state+"-lost"), os.Mkdir(state, 0o755)); err != nil {
		return err
	}
	if err := r.drillRestores(ctx, kept, state); err != nil {
		return err
	}
	if _, err = r.act(ctx, c, "homeops state restore", func() error { return r.restoreNewest(ctx, kept) }); err != nil {
		return err
	}
	return r.previewRestored(ctx)
}

func (r *rehearsal) restoreNewest(ctx context.Context, kept copies) error {
	err := r.asWritten(ctx, restoreState, "", map[string]string{"key.txt": kept.identity})
	r.addChecked("the state is restored into an empty backend", "from the newest copy", err)
	return err
}

func (r *rehearsal) previewRestored(ctx context.Context) error {
	preview, err := r.cli.Preview(ctx)
	if err != nil {
		return err
	}
	r.add("a preview with the restored state finds nothing to change", unchanged(preview), fmt.Sprintf("%v", preview.Changes))
	return nil
}

// drillRestores tries copies that must not be taken. Each must be refused for its own reason, and leave the backend as
// empty as it is.
func (r *rehearsal) drillRestores(ctx context.Context, kept copies, backend string) error {
	newest, err := filepath.Glob(filepath.Join(kept.place, r.stack.Name+"-state-*"))
	if err != nil || len(newest) != 1 {
		return fmt.Errorf("there are %d copies of the state, not one: %w", len(newest), err)
	}
	whole, err := os.ReadFile(newest[0])
	if err != nil {
		return err
	}
	half := "half.tar.age"
	if err := os.WriteFile(filepath.Join(kept.place, half), whole[:len(whole)/2], 0o600); err != nil {
		return err
	}
	defer os.Remove(filepath.Join(kept.place, half)) //nolint:errcheck // it is in the folder of the run
	other, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	stranger := filepath.Join(r.config.Dir, "stranger.txt")
	if err := os.WriteFile(stranger, []byte(other.String()+"\n"), 0o600); err != nil {
		return err
	}
	keys, err := filepath.Glob(filepath.Join(kept.place, r.stack.Name+"-break-glass-*"))
	if err != nil || len(keys) != 1 {
		return fmt.Errorf("there are %d break-glass copies, not one: %w", len(keys), err)
	}
	for _, drill := range []struct{ name, identity, from, want string }{
		{"half a copy", kept.identity, half, "is cut short or changed"},
		{"another key", stranger, filepath.Base(newest[0]), "is sealed for other keys"},
		{"a copy of another kind", kept.identity, filepath.Base(keys[0]), "is a copy of kind"},
	} {
		err := r.homeops(ctx, "", "state", "restore", r.stack.Name, "-identity", drill.identity, "-from", drill.from)
		refused := err != nil && strings.Contains(err.Error(), drill.want)
		touched := filesIn(backend)
		r.add("drill: "+drill.name+" is refused", refused && touched == nil, detailOf(errors.Join(err, touched), "it was taken"))
	}
	return nil
}

// filesIn is an error that names a file, if there is one in a folder.
func filesIn(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, "stacks") && !entry.IsDir() {
			return fmt.Errorf("the backend has %s", path)
		}
		return err
	})
}
