package roll

import (
	"fmt"

	"github.com/home-ops/home-ops/spec"
)

// Action is what has to be done to a machine.
type Action int

// The actions.
const (
	// Nothing is to be done: the machine is what it should be.
	Nothing Action = iota
	// Configure sends its config to a machine in maintenance mode: one that was wiped,
	// or that stands in for another. Its etcd joins the cluster's; none is bootstrapped.
	Configure
	// Apply changes the config of the running machine.
	Apply
	// Reboot changes the config and boots it.
	Reboot
	// Upgrade installs another image, which holds another Talos or another schematic,
	// and boots it. The machine's data stay.
	Upgrade
	// Reinstall wipes the config and EPHEMERAL, boots the machine into maintenance mode, and gives it its config there.
	Reinstall
)

func (a Action) String() string {
	return [...]string{"nothing to do", "is configured again", "is changed while it runs", "reboots", "is upgraded and reboots", "is installed anew"}[a]
}

// GoesDown says that the machine is away meanwhile.
func (a Action) GoesDown() bool { return a == Reboot || a == Upgrade || a == Reinstall }

// Decide compares what a machine runs with what it should run. What cannot be done to
// a running machine is an error that names the way that works.
func Decide(node Node, is Running, effect Effect) (Action, error) {
	if is.Maintenance {
		return Configure, nil
	}
	if err := spec.CheckStep("Talos", is.Talos, node.Talos); err != nil {
		return Nothing, fmt.Errorf("%s runs Talos %s: %w", node.Name, is.Talos, err)
	}
	other := is.Talos != node.Talos || is.Schematic != node.Schematic
	switch {
	case node.Reinstall != "" && is.Reinstall != node.Reinstall && other:
		return Nothing, fmt.Errorf("%s runs Talos %s, schematic %.12s, and is to be installed anew with %s, %.12s: apply these first, "+
			"with the reinstall that it has", node.Name, is.Talos, is.Schematic, node.Talos, node.Schematic)
	case other:
		return Upgrade, nil
	case effect == Refused:
		return Nothing, fmt.Errorf("%s refuses its config", node.Name)
	case node.Reinstall != "" && is.Reinstall != node.Reinstall:
		return Reinstall, nil
	case effect == NeedsReboot:
		return Reboot, nil
	case effect == Immediate:
		return Apply, nil
	}
	return Nothing, nil
}
