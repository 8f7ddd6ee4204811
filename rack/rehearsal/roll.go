package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// leastWrites is how many writes must have been asked for before it says anything that none failed.
const leastWrites = 500

// rollStep is a change to every machine of a running cluster.
type rollStep struct {
	name string
	edit func(config map[string]any) error
	// down says that the machines have to go down for it.
	down bool
}

// rollSteps are a change that a running Talos takes on, one that it takes on at the next boot, and one that needs
// another image. A kernel module would not do for the second: Talos loads it at once.
var rollSteps = []rollStep{
	{"a sysctl, live", nodeDefaults("sysctls", map[string]any{"vm.max_map_count": "524288"}), false},
	{"a udev rule, with a reboot", nodeDefaults("patches", []any{map[string]any{
		"machine": map[string]any{"udev": map[string]any{"rules": []any{`SUBSYSTEM=="drm", MODE="0666"`}}},
	}}), true},
	{"an extension, with an upgrade", nodeDefaults("extensions", []any{"siderolabs/nut-client"}), true},
}

// roll changes the machines of a cluster that is in use, and counts what its users notice.
func roll(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, "roll", func(c *cluster, _ marks) error {
		for _, step := range rollSteps {
			if err := r.phase("roll", "pulumi up with "+step.name, func() error { return r.rollOnce(ctx, c, step) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// inUse builds the cluster, writes something into it, has a scenario's steps done, and looks whether all is there still.
func (r *rehearsal) inUse(ctx context.Context, name string, steps func(*cluster, marks) error) error {
	c, written, err := r.settled(ctx, name)
	if err != nil {
		return err
	}
	if err := steps(c, written); err != nil {
		return err
	}
	asked, failed := 0, 0
	for _, step := range r.report.Scenario.Steps {
		asked, failed = asked+step.APIAsked, failed+step.APIFailed
	}
	r.add("the cluster was in use", asked >= leastWrites, fmt.Sprintf("%d writes, of which %d failed; %d at least are wanted", asked, failed, leastWrites))
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	err = r.marked(ctx, c, written)
	r.add("what was written before is still there", err == nil, detailOf(err, "in etcd, on a volume, and on every machine"))
	if err := unmark(ctx, c); err != nil {
		return err
	}
	return r.phase("checks", "checking what came of it", func() error { return r.check(ctx) })
}

// settled builds the cluster, waits until all of it stands, and writes the markers.
func (r *rehearsal) settled(ctx context.Context, name string) (*cluster, marks, error) {
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
	r.report.Scenario = &report.Scenario{Name: name}
	written, err := r.mark(ctx, c)
	return c, written, err
}

// rollOnce makes one change, and judges what it did to the machines and to those who use the cluster.
func (r *rehearsal) rollOnce(ctx context.Context, c *cluster, step rollStep) error {
	before := r.stack
	if err := r.edit(step.edit); err != nil {
		return err
	}
	var want []string
	if step.down {
		want = changed(before, r.stack)
	}
	did, err := r.act(ctx, c, step.name, func() error {
		_, err := r.cli.Up(ctx)
		return err
	})
	r.judge(did, want)
	if err != nil {
		return err
	}
	err = r.runsWhatItShould()
	r.add(step.name+": every machine runs it", err == nil, detailOf(err, fmt.Sprintf("%d machines", len(r.rack.nodes))))
	return nil
}

// changed are the nodes that are not the same in two states of a stack.
func changed(before, after *spec.Stack) []string {
	var names []string
	for _, n := range after.Nodes {
		if !slices.ContainsFunc(before.Nodes, func(old spec.Node) bool { return reflect.DeepEqual(old, n) }) {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}

// judge is whether a step took down the machines that it had to, one at a time, and whether anybody noticed.
func (r *rehearsal) judge(did report.Step, want []string) {
	var went []string
	var away []string
	for _, d := range did.Down {
		went = append(went, d.Node)
		away = append(away, fmt.Sprintf("%s for %.1f s", d.Node, d.Seconds))
	}
	sorted := slices.Sorted(slices.Values(went))
	r.add(did.Name+": machines that went down", slices.Equal(sorted, want), fmt.Sprintf("%s; wanted %v", strings.Join(away, ", "), want))
	r.add(did.Name+": never two at once", did.NodesDownAtOnce <= 1, fmt.Sprintf("%d at most", did.NodesDownAtOnce))
	// Two control planes have no quorum while one of them is away: nobody can write.
	planes := r.stack.ControlPlanes()
	quorum := len(planes) >= 3 || !slices.ContainsFunc(planes, func(n spec.Node) bool { return slices.Contains(went, n.Name) })
	r.answers(did, quorum)
}

// answers is whether those who use the API noticed a step, where etcd has a quorum throughout. The VIP moves at most once
// for each machine that goes down, and takes the connection along that is open then.
func (r *rehearsal) answers(did report.Step, quorum bool) {
	ok := did.APIFailed == 0 && did.APICut <= len(did.Down)
	r.add(did.Name+": the API answers", !quorum || ok, fmt.Sprintf("%d of %d writes failed, and %d connections were cut, in %.0f s; the slowest took %.1f s %s",
		did.APIFailed, did.APIAsked, did.APICut, did.Seconds, did.APISlowestSeconds, strings.Join(did.APIErrors, "; ")))
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
