package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// rollStep is a change to every machine of a running cluster.
type rollStep struct {
	name string
	// edit changes the stack file.
	edit func(text string) (string, error)
	// down is how many machines have to go down for it: all, or none.
	down bool
}

// rollSteps are a change that a running Talos takes on, one that it takes on at the next boot, and one that needs
// another image. Kernel modules would not do for the second: Talos loads them at once.
var rollSteps = []rollStep{
	{"a sysctl, live", nodeDefault("sysctls", `{ vm.max_map_count: "524288" }`), false},
	{"a udev rule, with a reboot", nodeDefault("patches", `[{ machine: { udev: { rules: ['SUBSYSTEM=="drm", MODE="0666"'] } } }]`), true},
	{"an extension, with an upgrade", withExtension, true},
}

// roll changes the machines of a cluster that is in use, and counts what its users notice.
func roll(ctx context.Context, r *rehearsal) error {
	if err := r.upTwice(ctx); err != nil {
		return err
	}
	c, err := r.openCluster(ctx)
	if err != nil {
		return err
	}
	r.report.Scenario = &report.Scenario{Name: "roll"}
	if err := r.mark(ctx, c); err != nil {
		return err
	}
	for _, step := range rollSteps {
		err := r.phase("roll", "pulumi up with "+step.name, func() error { return r.rollOnce(ctx, c, step) })
		if err != nil {
			return err
		}
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	err = r.marked(ctx, c)
	r.add("what was written before the roll is still there", err == nil, detailOf(err, "a marker in etcd"))
	return r.phase("checks", "checking what came of it", func() error { return r.check(ctx) })
}

// rollOnce makes one change, and judges what it did to the machines and to those who use the cluster.
func (r *rehearsal) rollOnce(ctx context.Context, c *cluster, step rollStep) error {
	if err := r.edit(step.edit); err != nil {
		return err
	}
	did, err := r.act(ctx, c, step.name, func() error {
		_, err := r.cli.Up(ctx)
		return err
	})
	if err != nil {
		return err
	}
	var want []string
	for _, m := range r.rack.nodes {
		if step.down {
			want = append(want, m.spec.Name)
		}
	}
	went := slices.Sorted(slices.Values(did.Order))
	slices.Sort(want)
	r.add(step.name+": machines that went down", slices.Equal(went, want), fmt.Sprintf("in the order %v", did.Order))
	r.add(step.name+": never two at once", did.NodesDownAtOnce <= 1, fmt.Sprintf("%d at most", did.NodesDownAtOnce))
	// Two control planes have no quorum while one of them reboots: nobody can write.
	quorum := len(r.stack.ControlPlanes()) >= 3 || !step.down
	r.add(step.name+": the API answers", !quorum || did.APIFailed == 0, fmt.Sprintf("%d of %d writes failed, in %.0f s", did.APIFailed, did.APIAsked, did.Seconds))
	err = r.runsWhatItShould()
	r.add(step.name+": every machine runs it", err == nil, detailOf(err, fmt.Sprintf("%d machines", len(r.rack.nodes))))
	return nil
}

// edit changes the room's stack file for good, and what the rehearsal holds of it.
func (r *rehearsal) edit(change func(string) (string, error)) error {
	before, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	after, err := change(string(before))
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	stack, problems := spec.Load(r.stack.Name, []byte(after))
	if err := problems.Err(); err != nil {
		return err
	}
	r.stack = stack
	for _, m := range r.rack.nodes {
		i := slices.IndexFunc(stack.Nodes, func(n spec.Node) bool { return n.Name == m.spec.Name })
		m.spec = stack.Nodes[i]
	}
	// The file keeps its identity: it is mounted over the operator's.
	return os.WriteFile(r.file.Copy, []byte(after), 0o600)
}

const defaultsKey = "  home-ops:nodeDefaults:\n"

// nodeDefault sets a key for all nodes, which the file must not have yet.
func nodeDefault(key, value string) func(string) (string, error) {
	return func(text string) (string, error) {
		if strings.Count(text, defaultsKey) != 1 {
			return "", errors.New("it has no nodeDefaults to add to")
		}
		return strings.Replace(text, defaultsKey, defaultsKey+"    "+key+": "+value+"\n", 1), nil
	}
}

// withExtension adds a system extension to all nodes.
func withExtension(text string) (string, error) {
	const key = "    extensions: ["
	if strings.Count(text, key) != 1 {
		return "", errors.New("it has no list of extensions to add to")
	}
	return strings.Replace(text, key, key+"siderolabs/nut-client, ", 1), nil
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
		if len(m.spec.Patches) > 0 && len(applied.Machine().Udev().Rules()) == 0 {
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
