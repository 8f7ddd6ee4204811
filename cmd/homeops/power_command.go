package main

import (
	"bufio"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/cmd/homeops/power"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
)

var shutdownCommand = command{
	name:    "shutdown",
	args:    "STACK",
	summary: "Switch the whole cluster off: pods with volumes first, then workers, then control planes",
	run:     shutdown,
}

var startCommand = command{
	name:    "start",
	args:    "STACK",
	summary: "Switch the cluster on again by Wake-on-LAN, control planes first, and wait until every node takes pods",
	run:     start,
}

func shutdown(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	opened := flags.String("break-glass", "", "a folder that `homeops breakglass open` wrote; the state is then not asked")
	anyway := flags.Bool("anyway", false, "go on although volumes are still attached, or the API does not answer")
	words, err := c.parse(flags)
	if err != nil {
		return err
	}
	o, err := powerOptions(ctx, c, words, *opened)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%d machines of %s will be switched off, and with them everything that they serve.\nType the name of the stack to go on: ", len(o.Stack.Nodes), o.Stack.Name)
	typed, _ := bufio.NewReader(c.in).ReadString('\n')
	fmt.Fprintln(c.out)
	if typed = strings.TrimSpace(typed); typed != o.Stack.Name {
		return fmt.Errorf("nothing was done: %q is not %s", typed, o.Stack.Name)
	}
	if err := power.Shutdown(ctx, o, *anyway); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s is off; `%s` switches it on\n", o.Stack.Name, toType("start", o.Stack.Name))
	return nil
}

func start(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	opened := flags.String("break-glass", "", "a folder that `homeops breakglass open` wrote; the state is then not asked")
	words, err := c.parse(flags)
	if err != nil {
		return err
	}
	o, err := powerOptions(ctx, c, words, *opened)
	if err != nil {
		return err
	}
	if err := power.Start(ctx, o); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s is on: %d nodes are ready\n", o.Stack.Name, len(o.Stack.Nodes))
	return nil
}

func powerOptions(ctx context.Context, c call, words []string, opened string) (power.Options, error) {
	stack, err := c.soundStack(c.name, words)
	if err != nil {
		return power.Options{}, err
	}
	file, err := stackFile(words[0])
	if err != nil {
		return power.Options{}, err
	}
	access, err := openAccess(ctx, stack, engine.CLI{Dir: filepath.Dir(file), Stack: stack.Name}, opened)
	if err != nil {
		return power.Options{}, err
	}
	return power.Options{
		Stack:   stack,
		Cluster: power.KubeAPI{API: access.kubernetes},
		Machine: func(node spec.Node) (power.Machine, error) {
			api, err := access.machine(node)
			return power.TalosAPI{TalosAPI: api}, err
		},
		Ready: func(ctx context.Context, node spec.Node) error {
			return roll.KubeAPI{API: access.kubernetes}.APIReady(ctx, roll.NodeOf(stack, node))
		},
		Wake: func(ctx context.Context, node spec.Node) error { return power.Wake(ctx, node, stack.Network.NodeCIDRs) },
		Tell: func(line string) { fmt.Fprintln(c.out, line) },
	}, nil
}
