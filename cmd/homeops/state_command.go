package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/cmd/homeops/keep"
)

var stateCommand = command{
	name:    "state",
	args:    "save | restore | check STACK",
	summary: "Save the stack's state, sealed; restore it; say what a killed update left behind in it",
	run:     state,
}

// stateFile is the name of the state in a copy.
const stateFile = "state.json"

func state(ctx context.Context, c call) error {
	return c.byVerb(ctx, verb{"save", saveState}, verb{"restore", restoreState}, verb{"check", checkState})
}

// saveState needs no cluster. The state's secrets stay sealed with the stack's passphrase inside of the copy.
func saveState(ctx context.Context, c call) error {
	k, asked, err := c.openToSave()
	if err != nil || !asked {
		return err
	}
	exported, err := k.cli.Export(ctx)
	if err != nil {
		return err
	}
	snapshot, err := engine.Read(exported, k.stack.Name)
	if err != nil {
		return fmt.Errorf("what pulumi exported %w", err)
	}
	if len(snapshot.Resources) == 0 {
		return fmt.Errorf("the state of %s is empty, and was not saved: the last copy may be worth more", k.stack.Name)
	}
	copied := keep.Copy{Stack: k.stack.Name, Kind: keep.State, Made: time.Now(), Files: map[string][]byte{stateFile: exported}}
	if err := keep.Save(ctx, k.place, copied, k.stack.Secrets.BreakGlass.Recipients); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s, %d resources, read back\n", k.place, copied.Name(), len(snapshot.Resources))
	return nil
}

// restoreState puts a copy into the backend that pulumi is logged in to.
func restoreState(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	from := newCopyFlags(flags)
	replace := flags.Bool("replace", false, "replace a state that has resources; what happened since the copy is forgotten")
	words, err := c.parse(flags)
	if err != nil {
		return err
	}
	k, err := c.openKept(words)
	if err != nil {
		return err
	}
	copied, err := from.load(ctx, k, keep.State)
	if err != nil {
		return err
	}
	snapshot, err := engine.Read(copied.Files[stateFile], k.stack.Name)
	if err != nil {
		return fmt.Errorf("%s %w", copied.Name(), err)
	}
	switch current, err := k.cli.Export(ctx); {
	case errors.Is(err, engine.ErrNoStack):
		if err := k.cli.Init(ctx); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		now, err := engine.Read(current, k.stack.Name)
		if err == nil && len(now.Resources) > 0 && !*replace {
			return fmt.Errorf("the backend has a state of %s with %d resources; what happened since %s would be forgotten: add -replace if that is meant",
				k.stack.Name, len(now.Resources), copied.Made.UTC().Format(time.RFC3339))
		}
	}
	if err := k.cli.Import(ctx, copied.Files[stateFile]); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "the state of %s is that of %s again, with %d resources; `pulumi preview --stack %[1]s` shows what has changed since\n",
		k.stack.Name, copied.Made.UTC().Format(time.RFC3339), len(snapshot.Resources))
	return nil
}

// checkState says what a killed update left behind, and what to do about it.
func checkState(ctx context.Context, c call) error {
	words, err := c.parse(newFlags(c.name))
	if err != nil {
		return err
	}
	k, err := c.openKept(words)
	if err != nil && !errors.Is(err, errNoPlace) {
		return err
	}
	findings, unseen, err := leftBehind(ctx, k.cli)
	if err != nil {
		return err
	}
	if unseen != nil {
		fmt.Fprintf(c.out, "not looked at: %v\n", unseen)
	}
	for _, f := range findings {
		fmt.Fprintf(c.out, "%s\n  %s\n", f.What, f.Do)
	}
	if len(findings) > 0 {
		return errRefused
	}
	return nil
}

// finding is something that is wrong, and what to do about it.
type finding struct {
	What string `json:"what"`
	// Do is the next command, or the next step in words.
	Do string `json:"do"`
}

// leftBehind are the lock and the operations that a killed update left; unseen is why nobody looked for a lock.
func leftBehind(ctx context.Context, cli engine.CLI) (all []finding, unseen, err error) {
	exported, err := cli.Export(ctx)
	if err != nil {
		return nil, nil, err
	}
	snapshot, err := engine.Read(exported, cli.Stack)
	if err != nil {
		return nil, nil, fmt.Errorf("the state %w", err)
	}
	locks, err := cli.Locks(ctx)
	switch {
	case errors.Is(err, engine.ErrUnseen):
		unseen = err
	case err != nil:
		return nil, nil, err
	}
	for _, lock := range locks {
		all = append(all, finding{
			What: fmt.Sprintf("the state is locked since %s, by process %d of %s on %s", lock.Since.UTC().Format(time.RFC3339), lock.PID, lock.User, lock.Host),
			Do:   fmt.Sprintf("let that update end; if it no longer runs: pulumi cancel --stack %s", cli.Stack),
		})
	}
	for _, p := range snapshot.Pending {
		all = append(all, finding{
			What: fmt.Sprintf("an update was killed while %s %s", p.Type, p.URN),
			Do:   fmt.Sprintf("pulumi up --stack %s takes over what is there; then: pulumi refresh --clear-pending-creates --stack %s", cli.Stack, cli.Stack),
		})
	}
	return all, unseen, nil
}
