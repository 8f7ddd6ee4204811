package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

var contractCommand = command{
	name:    "contract",
	args:    "STACK | FILE",
	summary: "Tell what a newer form of the machine configurations would change on each node",
	run:     compareContracts,
}

// compareContracts prints, for each node, the settings that another cluster.talosContract would make differently. A
// difference whose effect the program does not know ends it with exit code 1.
func compareContracts(_ context.Context, c call) error {
	fs := newFlags("contract")
	to := fs.String("to", "", "the contract (default: the minor release of cluster.talosVersion)")
	names, err := c.parse(fs)
	if err != nil {
		return err
	}
	stack, err := c.soundStack("contract", names)
	if err != nil {
		return err
	}
	wanted := spec.Version(*to)
	if wanted == "" {
		wanted = spec.Version(stack.Cluster.TalosVersion.Minor())
	}
	other := *stack
	other.Cluster.TalosContract = wanted
	if err := other.Validate().Err(); err != nil {
		return fmt.Errorf("with cluster.talosContract %s %w", wanted, err)
	}
	unknown := false
	for _, node := range stack.Nodes {
		differences, err := machineconfig.CompareContracts(stack, node, wanted, machineconfig.Placeholder(stack))
		if err != nil {
			return err
		}
		unknown = printDifferences(c, node.Name, wanted, differences) || unknown
	}
	if unknown {
		return errRefused
	}
	return nil
}

func printDifferences(c call, node string, to spec.Version, differences []machineconfig.Difference) (unknown bool) {
	if len(differences) == 0 {
		fmt.Fprintf(c.out, "%s: %s changes nothing but the form\n", node, to)
		return false
	}
	fmt.Fprintf(c.out, "%s: beside the form, %s changes\n", node, to)
	for _, d := range differences {
		fmt.Fprintf(c.out, "  %s: %s\n", d.Setting, change(d))
		if d.Effect == "" {
			unknown = true
			fmt.Fprintln(c.out, "    what it does is not known to this program: understand it before the contract is raised")
			continue
		}
		fmt.Fprintf(c.out, "    %s\n", d.Effect)
	}
	return unknown
}

// change is a difference in one line, or in two where a value has several.
func change(d machineconfig.Difference) string {
	before, after := orOff(d.Before), orOff(d.After)
	if strings.Contains(before+after, "\n") {
		return "\n    - " + strings.ReplaceAll(before, "\n", "\n      ") + "\n    + " + strings.ReplaceAll(after, "\n", "\n      ")
	}
	return before + " to " + after
}

func orOff(value string) string {
	if value == "" {
		return "off"
	}
	return value
}
