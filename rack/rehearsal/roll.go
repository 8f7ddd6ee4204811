package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

// leastWrites is how many writes must have been asked for each second before it says anything that none failed. One that fails
// holds up the next for a while; of those that succeed there are some eight.
const leastWrites = 2.0

// rollStep is a change to every machine of a running cluster.
type rollStep struct {
	name string
	edit func(config map[string]any) error
	// down are the machines that have to go down for it.
	down func(before, after *spec.Stack) []string
	// restarts says that API servers are started anew, and cut their clients' connections.
	restarts bool
}

// changedBeforeLiveTalos are the changed machines of a Talos that does not take every config on while it runs.
func changedBeforeLiveTalos(before, after *spec.Stack) []string {
	if node.TakesAllLive(string(after.Cluster.TalosVersion)) {
		return nil
	}
	return changedNodes(before, after)
}

// rollSteps are a change that a running Talos takes on, one that a Talos before v1.14 takes on at the next boot, and one
// that needs another image, with which every release reboots. A kernel module would not do for the second: Talos loads it
// at once.
var rollSteps = []rollStep{
	{"a sysctl, live", nodeDefaults("sysctls", map[string]any{"vm.max_map_count": "524288"}), nobody, false},
	{"a udev rule, with a reboot before Talos v1.14", nodeDefaults("patches", []any{map[string]any{
		"machine": map[string]any{"udev": map[string]any{"rules": []any{`SUBSYSTEM=="drm", MODE="0666"`}}},
	}}), changedBeforeLiveTalos, false},
	{"an extension, with an upgrade", nodeDefaults("extensions", []any{"siderolabs/realtek-firmware"}), changedNodes, false},
}

// roll changes the machines of a cluster that is in use, and counts what its users notice.
func roll(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, leastWrites, func(c *cluster, _ marks) error {
		for _, step := range rollSteps {
			if err := r.phase("roll", "pulumi up with "+step.name, func() error { return r.rollOnce(ctx, c, step) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// inUse builds the cluster, writes something into it, has a scenario's steps done, and looks whether all is as it was. Least is
// how many writes a second they must have met; 0 for steps that say themselves what their users notice.
func (r *rehearsal) inUse(ctx context.Context, least float64, steps func(*cluster, marks) error) error {
	c, written, err := r.settled(ctx)
	if err != nil {
		return err
	}
	if err := steps(c, written); err != nil {
		return err
	}
	if least > 0 {
		r.used(least)
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	r.kept(r.marked(ctx, c, written))
	if err := unmark(ctx, c); err != nil {
		return err
	}
	return r.checked(ctx)
}

// settled builds the cluster, waits until all of it stands, and writes the markers.
func (r *rehearsal) settled(ctx context.Context) (*cluster, marks, error) {
	if err := r.up(ctx); err != nil {
		return nil, marks{}, err
	}
	c, err := r.openCluster(ctx)
	if err != nil {
		return nil, marks{}, err
	}
	// What Git owns is still being installed when `up` has ended.
	if err := r.phase("settle", "waiting until everything that Git owns is ready", func() error {
		_, err := r.checkKustomizations(ctx, c)
		return err
	}); err != nil {
		return nil, marks{}, err
	}
	written, err := r.mark(ctx, c)
	return c, written, err
}

// rollOnce makes one change, and judges what it did to the machines and to those who use the cluster.
func (r *rehearsal) rollOnce(ctx context.Context, c *cluster, step rollStep) error {
	before := r.stack
	if err := r.edit(step.edit); err != nil {
		return err
	}
	did, err := r.act(ctx, c, step.name, func() error {
		_, err := r.cli.Up(ctx)
		return err
	})
	r.judge(did, step.down(before, r.stack), step.restarts)
	if err != nil {
		return err
	}
	r.came(did, "every machine runs it", r.runsWhatItShould())
	return nil
}

// changedNodes are the nodes that are not the same in two states of a stack.
func changedNodes(before, after *spec.Stack) []string {
	var names []string
	for _, n := range after.Nodes {
		if !slices.ContainsFunc(before.Nodes, func(old spec.Node) bool { return reflect.DeepEqual(old, n) }) {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}

// runsWhatItShould compares every machine's image and config with the stack file, on the machine itself.
func (r *rehearsal) runsWhatItShould() error {
	var errs []error
	for _, m := range r.rack.nodes {
		image := r.stack.InstallerImage(m.spec)
		if got := m.InstalledImage(); got != image {
			errs = append(errs, fmt.Errorf("%s runs %s, not %s", m.spec.Name, got, image))
		}
		applied := m.Applied()
		if applied == nil {
			errs = append(errs, fmt.Errorf("%s has no config", m.spec.Name))
			continue
		}
		errs = append(errs, r.runsKubernetes(m))
		for key, value := range m.spec.Sysctls {
			if got := applied.Machine().Sysctls()[key]; got != value {
				errs = append(errs, fmt.Errorf("%s: sysctl %s is %q, not %q", m.spec.Name, key, got, value))
			}
		}
		if strings.Contains(fmt.Sprint(m.spec.Patches), "udev") && len(applied.Machine().Udev().Rules()) == 0 {
			errs = append(errs, fmt.Errorf("%s has no udev rule", m.spec.Name))
		}
	}
	return errors.Join(errs...)
}

func detailOf(err error, otherwise string) string {
	if err == nil {
		return otherwise
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
