package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// newSerial begins the serial numbers of disks that are put in.
const newSerial = "REPLACED"

// replaceDisk has disks die in the running cluster, one after the other, and an owner put new ones in their place.
func replaceDisk(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, leastWrites, func(c *cluster, written marks) error {
		for _, exchange := range r.exchanges() {
			if err := exchange(ctx, c, written); err != nil {
				return err
			}
		}
		return nil
	})
}

// exchange has one disk die, and another one take its place.
type exchange func(context.Context, *cluster, marks) error

// exchanges are those of the stack's kinds of storage, and of a worker's system disk. What is left out: disks that a pattern chooses,
// and those of a pool without a copy.
func (r *rehearsal) exchanges() []exchange {
	var all []exchange
	if m, selector, ok := r.cephDisk(); ok {
		all = append(all, func(ctx context.Context, c *cluster, written marks) error {
			return r.replaceCephDisk(ctx, c, written, m, selector)
		})
	}
	if m, volume, ok := r.longhornDisk(); ok {
		all = append(all, func(ctx context.Context, c *cluster, written marks) error {
			return r.replaceLonghornDisk(ctx, c, written, m, volume)
		})
	}
	if m, pool, selector, ok := r.zfsDisk(); ok {
		all = append(all, func(ctx context.Context, c *cluster, written marks) error {
			return r.replaceZFSDisk(ctx, c, written, m, pool, selector)
		})
	}
	if m, ok := r.worker(); ok && m.spec.InstallDisk.Serial != "" {
		all = append(all, func(ctx context.Context, c *cluster, written marks) error {
			return r.replaceSystemDisk(ctx, c, written, m)
		})
	}
	return all
}

// worker is the first worker; there may be none.
func (r *rehearsal) worker() (*machine, bool) {
	i := slices.IndexFunc(r.rack.nodes, func(m *machine) bool { return !m.spec.IsControlPlane() })
	if i < 0 {
		return nil, false
	}
	return r.rack.nodes[i], true
}

func (r *rehearsal) machine(name string) *machine {
	return r.rack.host(name)
}

// disk is the machine's disk of a serial number.
func (m *machine) disk(serial string) (node.Disk, error) {
	disks := m.Disks()
	i := slices.IndexFunc(disks, func(d node.Disk) bool { return d.Serial == serial })
	if i < 0 {
		return node.Disk{}, fmt.Errorf("%s has no disk with the serial number %s", m.spec.Name, serial)
	}
	return disks[i], nil
}

// like is a blank disk of the same model at the same place, with a serial number of its own.
func like(old node.Disk, serial string) node.Disk {
	old.Serial, old.WWID, old.UUID, old.Symlinks, old.Dead = serial, "", "", nil, false
	old.Symlinks = udevLinks(old)
	return old
}

// told is whether `homeops doctor` names a disk that is dead, and where it is written what to do.
func (r *rehearsal) told(did report.Step, said, name string) {
	var seen struct {
		Checks []struct{ Name, Verdict, Detail, Do string }
	}
	err := json.Unmarshal([]byte(said), &seen)
	i := slices.IndexFunc(seen.Checks, func(c struct{ Name, Verdict, Detail, Do string }) bool {
		return c.Name == name && c.Verdict == "problem" && strings.Contains(c.Do, "docs/runbooks/replace-disk.md")
	})
	detail := name
	switch {
	case err == nil && i < 0:
		err = fmt.Errorf("nothing is said of %s", name)
	case err == nil:
		detail = seen.Checks[i].Name + " " + seen.Checks[i].Detail
	}
	r.addChecked(did.Name+": homeops doctor names the disk, and the page", detail, err)
}

// doctor is what `homeops doctor` says, for programs. It ends with 1 where there is a problem.
func (r *rehearsal) doctor(ctx context.Context) (string, error) {
	var out bytes.Buffer
	err := r.homeopsTo(ctx, &out, "", "doctor", "-json", r.stack.Name)
	if err != nil && out.Len() > 0 {
		err = nil
	}
	return out.String(), err
}

// askDoctor waits until doctor has told of a name, for what is seen takes its time.
func (r *rehearsal) askDoctor(ctx context.Context, name string) (said string, err error) {
	err = until(ctx, func(context.Context) error {
		if said, err = r.doctor(ctx); err != nil {
			return err
		}
		if !strings.Contains(said, name) {
			return fmt.Errorf("doctor says nothing of %s", name)
		}
		return nil
	})
	if said != "" {
		err = nil // the line says what is missing
	}
	return said, err
}

// previewed are the steps that a preview of the stack file shows, and the lines that its warnings say.
func (r *rehearsal) previewed(ctx context.Context) (steps, warnings []string, err error) {
	_, err = r.cli.Preview(ctx, func(e apitype.EngineEvent) {
		steps = appendStep(steps, e)
		if d := e.DiagnosticEvent; d != nil && d.Severity == "warning" {
			warnings = append(warnings, strings.TrimSpace(d.Message))
		}
	})
	return steps, warnings, err
}

// foretold is whether the preview of another disk shows what was wanted and nothing else: the beginnings of the steps, and a word of
// its warning.
func (r *rehearsal) foretold(name string, steps, warnings, want []string, warning string) {
	ok := len(steps) == len(want) && !slices.ContainsFunc(want, func(w string) bool {
		return !slices.ContainsFunc(steps, func(s string) bool { return strings.HasPrefix(s, w) })
	})
	warned := warning == "" || slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, warning) })
	r.add(name+": the preview tells what another disk does", ok && warned, fmt.Sprintf("steps %q, wanted %q; warnings %q, wanted %q", steps, want, warnings, warning))
}

// remains is whether something of a dead disk is left.
func (r *rehearsal) remains(did report.Step, detail string, err error) {
	r.addChecked(did.Name+": nothing of the dead disk is left", detail, err)
}

// replaceSystemDisk has the system disk of a worker die. The machine boots again when there is a blank one; with its serial number in
// the stack file `up` makes it a member again.
func (r *rehearsal) replaceSystemDisk(ctx context.Context, c *cluster, written marks, m *machine) error {
	name := "another system disk for " + m.spec.Name
	return r.phase("system-disk", "the system disk of "+m.spec.Name+" dies, and another one is put in", func() error {
		old, err := m.disk(m.spec.InstallDisk.Serial)
		if err != nil {
			return err
		}
		written.wiped[m.spec.Address] = true
		serial := newSerial + "-SYSTEM"
		did, err := r.act(ctx, c, name, func() error {
			if err := m.DiskDies(old.Path, node.Vanished); err != nil {
				return err
			}
			if err := m.WaitFor(ctx, node.Off); err != nil {
				return err
			}
			if err := m.PutIn(like(old, serial)); err != nil {
				return err
			}
			if err := m.WaitFor(ctx, node.Maintenance); err != nil {
				return err
			}
			another := func(line map[string]any) { line["installDisk"] = map[string]any{"serial": serial} }
			if err := r.refused(ctx, name+": without a reinstall it is refused", nodeWith(m.spec.Name, another), byReinstall); err != nil {
				return err
			}
			if err := r.edit(nodeWith(m.spec.Name, func(line map[string]any) { another(line); line["reinstall"] = "another-system-disk" })); err != nil {
				return err
			}
			steps, warnings, err := r.previewed(ctx)
			if err != nil {
				return err
			}
			r.announced(name, steps, warnings, m.spec.Name)
			if err := r.upAsWritten(ctx, upWithDisk); err != nil {
				return err
			}
			return within(ctx, comesBack, r.observe)
		})
		m.Acknowledge()
		if err == nil {
			err = onDisk(m, serial)
		}
		r.came(did, "it is installed on the new disk, and belongs to the cluster", err)
		r.alone(did, m.spec.Name)
		r.answers(did, true)
		r.kept(r.marked(ctx, c, written))
		return err
	})
}

// onDisk is nil if the machine's system is on the disk of a serial number.
func onDisk(m *machine, serial string) error {
	disk, err := m.disk(serial)
	if err != nil {
		return err
	}
	occupied, err := m.Occupied()
	if err == nil && occupied[disk.Path] != "the system disk" {
		err = fmt.Errorf("%s (%s) is %q", disk.Path, serial, occupied[disk.Path])
	}
	return err
}

// kubectlAsWritten runs a page's command of kubectl, with Kubernetes's own.
func (r *rehearsal) kubectlAsWritten(ctx context.Context, w pageCommand, c *cluster, with map[string]string) error {
	words, err := r.words(w, with)
	if err != nil {
		return err
	}
	return r.kubectlWords(ctx, c, words)
}

// bears is whether the cluster bears the death of a disk, of which the doctor has told.
func (r *rehearsal) bears(ctx context.Context, c *cluster, written marks, did report.Step, said, check string) {
	r.told(did, said, check)
	r.alone(did)
	r.answers(did, true)
	r.kept(r.marked(ctx, c, written))
}

// kubectlWords runs a command of kubectl as an administrator.
func (r *rehearsal) kubectlWords(ctx context.Context, c *cluster, words []string) error {
	kubeconfig := filepath.Join(r.config.Dir, "kubeconfig-of-disks")
	if err := os.WriteFile(kubeconfig, []byte(c.kubeconfig), 0o600); err != nil {
		return err
	}
	defer os.Remove(kubeconfig) //nolint:errcheck // it is in the folder of the run
	return r.kubectl(ctx, kubeconfig, words)
}

// cephDisk is the last disk of Ceph that is named by serial number, and its machine.
func (r *rehearsal) cephDisk() (*machine, spec.DiskSelector, bool) {
	if r.stack.Storage.RookCeph == nil {
		return nil, spec.DiskSelector{}, false
	}
	nodes := r.stack.Storage.RookCeph.Nodes
	for i := len(nodes) - 1; i >= 0; i-- {
		for _, d := range nodes[i].Disks {
			if m := r.machine(nodes[i].Name); m != nil && d.Serial != "" {
				return m, d, true
			}
		}
	}
	return nil, spec.DiskSelector{}, false
}
