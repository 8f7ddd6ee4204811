package main

import (
	"context"
	"fmt"

	"github.com/home-ops/home-ops/spec"
)

var endpointCommand = command{
	name:    "endpoint",
	args:    "STACK | FILE",
	summary: "Print the URL of a stack's Kubernetes API",
	run:     printEndpoint,
}

// printEndpoint answers also for a stack file with errors: whoever looks for the cluster has one that runs.
func printEndpoint(_ context.Context, c call) error {
	names, err := c.parse(newFlags(c.name))
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return usagef("%s: name one stack or stack file", c.name)
	}
	file, err := stackFile(names[0])
	if err != nil {
		return err
	}
	stack, _ := spec.LoadFile(file)
	if len(stack.Nodes) == 0 {
		return fmt.Errorf("%s has no nodes: `%s` says why", file, toType("validate", names[0]))
	}
	_, err = fmt.Fprintln(c.out, stack.ClusterEndpoint())
	return err
}

var stacksCommand = command{
	name:    "stacks",
	summary: "Print the names of the project's stacks, a line each",
	run:     printStacks,
}

func printStacks(_ context.Context, c call) error {
	dir, err := c.inProject(newFlags(c.name))
	if err != nil {
		return err
	}
	files, err := stackFiles(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, err := fmt.Fprintln(c.out, spec.StackName(file)); err != nil {
			return err
		}
	}
	return nil
}
