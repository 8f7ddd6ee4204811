package main

import (
	"context"
	"fmt"

	"github.com/home-ops/home-ops/spec"
)

var versionsCommand = command{
	name:    "versions",
	args:    "STACK | FILE",
	summary: "Tell the releases that a stack runs, and the steps from them to another stack's",
	run:     versions,
}

// versions prints a stack's releases, or the way to those of another stack: each step is one edit of the stack file,
// and what runs after it goes together by every table that the program knows.
func versions(_ context.Context, c call) error {
	fs := newFlags("versions")
	to := fs.String("to", "", "the stack, or the file, whose releases are wanted")
	names, err := c.parse(fs)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return usagef("versions: name one stack or file")
	}
	from, err := loadedStack(names[0])
	if err != nil {
		return err
	}
	if *to == "" {
		for _, component := range from.VersionSet().Components() {
			fmt.Fprintf(c.out, "%-40s %s\n", component.Key(), from.VersionSet()[component])
		}
		return nil
	}
	wanted, err := loadedStack(*to)
	if err != nil {
		return err
	}
	steps, err := spec.VersionPath(from.VersionSet(), wanted.VersionSet())
	if err != nil {
		return err
	}
	return printPath(c, from, wanted, steps)
}

// loadedStack is a stack as its file says, right or wrong: a way can begin at releases that do not go together.
func loadedStack(name string) (*spec.Stack, error) {
	file, err := stackFile(name)
	if err != nil {
		return nil, err
	}
	stack, problems := spec.LoadFile(file)
	return stack, problems.Err()
}

func printPath(c call, from, wanted *spec.Stack, steps []spec.Step) error {
	if len(steps) == 0 {
		fmt.Fprintf(c.out, "%s runs what %s runs.\n", from.Name, wanted.Name)
	}
	for i, step := range steps {
		fmt.Fprintf(c.out, "%d. %s\n", i+1, step)
		for _, change := range step.Changes {
			fmt.Fprintf(c.out, "   %s: %s\n   rolls: %s\n", change.Key(), change.To, change.Rolls())
		}
	}
	if have, want := from.Cluster.TalosContract, wanted.Cluster.TalosContract; have != want {
		fmt.Fprintf(c.out, "Afterwards, at any time, the form of the machine configurations: cluster.talosContract %s to %s\n"+
			"   what it changes on each node: %s\n", have, want, toType("contract", from.Name, "--to", string(want)))
	}
	return nil
}
