// Package contracttest has the machines of the sample stacks in each form that Talos's contracts gave to their configs, for
// tests of what a machine makes of either form.
package contracttest

import (
	"slices"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// Contracts are those that the program writes, the oldest first.
var Contracts = []spec.Version{"v1.11", "v1.12", "v1.13", "v1.14"}

// Switch is the step from one contract to the next, for one machine.
type Switch struct {
	// Name is STACK/NODE from CONTRACT to CONTRACT.
	Name          string
	Stack         *spec.Stack
	Node          spec.Node
	Before, After config.Provider
	// Wanted is the contract of After.
	Wanted spec.Version
	// Told are the settings that `homeops contract` says to differ.
	Told []string
}

// Says reports whether the owner is told of a setting.
func (s Switch) Says(setting string) bool { return slices.Contains(s.Told, setting) }

// Switches are all steps of all machines of the sample stacks. Talos and Kubernetes are of the same releases before and
// after each: those of the newest contract.
func Switches(t testing.TB) []Switch {
	t.Helper()
	bundle, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersion1_11)
	if err != nil {
		t.Fatal(err)
	}
	var switches []Switch
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		stack.Cluster.TalosVersion, stack.Cluster.KubernetesVersion = "v1.14.1", "v1.36.4"
		with := machineconfig.Placeholder(stack)
		with.Bundle = bundle
		for i, to := range Contracts[1:] {
			from := *stack
			from.Cluster.TalosContract = Contracts[i]
			wanted := *stack
			wanted.Cluster.TalosContract = to
			for _, node := range stack.Nodes {
				differences, err := machineconfig.CompareContracts(&from, node, to, with)
				if err != nil {
					t.Fatal(err)
				}
				s := Switch{
					Name: stack.Name + "/" + node.Name + " from " + string(Contracts[i]) + " to " + string(to), Stack: stack, Node: node, Wanted: to,
					Before: parsed(t, &from, node, with), After: parsed(t, &wanted, node, with),
				}
				for _, d := range differences {
					s.Told = append(s.Told, d.Setting)
				}
				switches = append(switches, s)
			}
		}
	}
	return switches
}

func parsed(t testing.TB, stack *spec.Stack, node spec.Node, with machineconfig.Secrets) config.Provider {
	t.Helper()
	raw, err := machineconfig.Build(stack, node, with)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := configloader.NewFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
