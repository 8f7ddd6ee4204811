package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/components/cilium/frr"
)

var frrCommand = command{
	name:    "frr",
	args:    "STACK | FILE",
	summary: "Write the router's end of a stack's BGP sessions, for FRR as in UniFi gateways",
	run:     writeFRR,
}

// writeFRR prints the configuration of the router that the stack's nodes peer with. Of several routers, one must
// be named: each takes its own alone.
func writeFRR(_ context.Context, c call) error {
	fs := newFlags("frr")
	name := fs.String("router", "", "the router, by the name of its first peer in the stack file (default: the only one)")
	names, err := c.parse(fs)
	if err != nil {
		return err
	}
	stack, err := c.soundStack("frr", names)
	if err != nil {
		return err
	}
	configs, err := frr.Configs(stack)
	if err != nil {
		return err
	}
	routers := slices.Sorted(maps.Keys(configs))
	switch {
	case len(routers) == 0:
		return usagef("frr: stack %s has no cilium.bgp", stack.Name)
	case *name == "" && len(routers) == 1:
		*name = routers[0]
	case *name == "" || configs[*name] == nil:
		return usagef("frr: name one router with -router: %s", strings.Join(routers, ", "))
	}
	_, err = c.out.Write(configs[*name])
	return err
}
