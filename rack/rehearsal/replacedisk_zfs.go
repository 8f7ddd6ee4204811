package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/zfs"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// zfsDisk is the last disk that is named by serial number of the first pool that can lose one, and its machine.
func (r *rehearsal) zfsDisk() (*machine, spec.ZFSPool, spec.DiskSelector, bool) {
	if r.stack.Storage.ZFS == nil {
		return nil, spec.ZFSPool{}, spec.DiskSelector{}, false
	}
	for _, pool := range r.stack.Storage.ZFS.Pools {
		for _, d := range slices.Backward(pool.Disks) {
			if m := r.machine(pool.Node); m != nil && d.Serial != "" && pool.Layout != spec.ZFSStripe {
				return m, pool, d, true
			}
		}
	}
	return nil, spec.ZFSPool{}, spec.DiskSelector{}, false
}

// replaceZFSDisk has a disk die of a pool that goes on without it.
func (r *rehearsal) replaceZFSDisk(ctx context.Context, c *cluster, written marks, m *machine, pool spec.ZFSPool, selector spec.DiskSelector) error {
	var dead string
	err := r.phase("zfs-disk", "a disk of the ZFS pool "+pool.Name+" in "+m.spec.Name+" dies", func() (err error) {
		dead, err = r.loseZFSDisk(ctx, c, written, m, pool, selector)
		return err
	})
	if err != nil {
		return err
	}
	return r.phase("zfs-disk", "another disk of the ZFS pool "+pool.Name+" is put into "+m.spec.Name, func() error {
		return r.putInZFSDisk(ctx, c, written, m, pool, selector, dead)
	})
}

// loseZFSDisk returns the name under which zpool shows the disk that is lost.
func (r *rehearsal) loseZFSDisk(ctx context.Context, c *cluster, written marks, m *machine, pool spec.ZFSPool, selector spec.DiskSelector) (dead string, err error) {
	old, err := m.disk(selector.Serial)
	if err != nil {
		return "", err
	}
	check := "ZFS pool " + pool.Name + " of " + m.spec.Name
	var said string
	did, err := r.act(ctx, c, "a dead disk of ZFS in "+m.spec.Name, func() error {
		if err := m.DiskDies(old.Path, node.Failing); err != nil {
			return err
		}
		if err := until(ctx, func(context.Context) error { return r.poolIs(pool, "DEGRADED") }); err != nil {
			return err
		}
		status, err := r.zpoolAsWritten(ctx, poolStatus, c, ofPool(pool))
		if err != nil {
			return err
		}
		if dead, err = lostHalf(status, old.Serial); err != nil {
			return err
		}
		said, err = r.askDoctor(ctx, check)
		return err
	})
	r.came(did, "ZFS says what it lacks", err)
	if err != nil {
		return dead, err
	}
	r.bears(ctx, c, written, did, said, check)
	return dead, nil
}

func (r *rehearsal) putInZFSDisk(ctx context.Context, c *cluster, written marks, m *machine, pool spec.ZFSPool, selector spec.DiskSelector, dead string) error {
	old, err := m.disk(selector.Serial)
	if err != nil {
		return err
	}
	// The old one is taken out first: the new one has its place on the bus.
	if err := m.DiskDies(old.Path, node.Vanished); err != nil {
		return err
	}
	disk := like(old, newSerial+"-ZFS")
	if err := m.PutIn(disk); err != nil {
		return err
	}
	name := "another disk of ZFS in " + m.spec.Name
	status := ""
	did, err := r.act(ctx, c, name, func() error {
		with := ofPool(pool)
		with["OLD"], with["NEW"] = dead, path.Base(disk.Symlinks[0])
		if _, err := r.zpoolAsWritten(ctx, poolReplace, c, with); err != nil {
			return err
		}
		if _, err := r.zpoolAsWritten(ctx, poolWait, c, with); err != nil {
			return err
		}
		if status, err = r.zpoolAsWritten(ctx, poolStatus, c, with); err != nil {
			return err
		}
		if err := r.kubectlAsWritten(ctx, debugDelete, c, with); err != nil {
			return err
		}
		if err := r.edit(zfsSerial(pool, selector.Serial, disk.Serial)); err != nil {
			return err
		}
		steps, warnings, err := r.previewed(ctx)
		if err != nil {
			return err
		}
		r.foretold(name, steps, warnings, r.settingChanges(), "docs/runbooks/replace-disk.md")
		if err := r.upAsWritten(ctx, upWithDisk); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "ZFS has all copies again", err)
	if err != nil {
		return err
	}
	r.alone(did)
	r.answers(did, true)
	r.noHalfLeft(ctx, c, did, pool, dead, status)
	r.kept(r.marked(ctx, c, written))
	return nil
}

// ofPool stands for the page's words of a pool.
func ofPool(pool spec.ZFSPool) map[string]string {
	return map[string]string{"POOL": pool.Name, "NODE": pool.Node}
}

// poolIs is nil when a machine's kernel says that a pool is so.
func (r *rehearsal) poolIs(pool spec.ZFSPool, want string) error {
	said, err := r.rack.zfs.File(pool.Node, zfs.StateFile(pool.Name))
	if is := strings.TrimSpace(string(said)); err == nil && is != want {
		err = fmt.Errorf("pool %s of %s is %s, not %s", pool.Name, pool.Node, is, want)
	}
	return err
}

// lostHalf is the name of the one disk that is not well in what zpool says of a pool. It has to be the one with the serial number.
func lostHalf(status, serial string) (string, error) {
	var lost []string
	for line := range strings.Lines(status) {
		words := strings.Fields(line)
		if len(words) > 1 && slices.Contains([]string{"FAULTED", "REMOVED", "UNAVAIL"}, words[1]) {
			lost = append(lost, words[0])
		}
	}
	if len(lost) != 1 || !strings.Contains(lost[0], serial) || !strings.Contains(status, "state: DEGRADED") {
		return "", fmt.Errorf("zpool does not say that %s alone is lost: %q", serial, status)
	}
	return lost[0], nil
}

// noHalfLeft looks for what a dead disk leaves behind: itself in the pool, and in the stack file.
func (r *rehearsal) noHalfLeft(ctx context.Context, c *cluster, did report.Step, pool spec.ZFSPool, dead, status string) {
	err := until(ctx, func(ctx context.Context) error {
		_, err := r.checkZFS(ctx, c)
		return errors.Join(err, r.poolIs(pool, "ONLINE"))
	})
	if !strings.Contains(status, "state: ONLINE") || strings.Contains(status, dead) || strings.Contains(status, "replacing") {
		err = errors.Join(err, fmt.Errorf("zpool shows it: %q", status))
	}
	r.remains(did, pool.Name+" is ONLINE without "+dead, err)
}

// settingChanges are the steps by which another setting of the tree comes into the cluster. A Flux that does not watch the settings is
// told of them by its own release.
func (r *rehearsal) settingChanges() []string {
	steps := []string{"update kubernetes:core/v1:ConfigMap "}
	if !r.stack.Versions.Flux.Reaches(watchesSettings) {
		steps = append(steps, "update kubernetes:helm.sh/v3:Release flux-instance")
	}
	return steps
}

// zpoolAsWritten runs a page's command of zpool in a pod at its node. Kubernetes's own kubectl makes the pod, but does not attach itself:
// no container runs in the rack. The words that zpool gets are those of the pod.
func (r *rehearsal) zpoolAsWritten(ctx context.Context, w pageCommand, c *cluster, with map[string]string) (said string, err error) {
	words, err := r.words(w, with)
	if err != nil {
		return "", err
	}
	before, err := debuggers(ctx, c)
	if err != nil {
		return "", err
	}
	if err := r.kubectlWords(ctx, c, withoutTerminal(words)); err != nil {
		return "", err
	}
	var made []corev1.Pod
	err = until(ctx, func(ctx context.Context) error {
		all, err := debuggers(ctx, c)
		made = slices.DeleteFunc(all, func(p corev1.Pod) bool {
			return slices.ContainsFunc(before, func(b corev1.Pod) bool { return b.Name == p.Name })
		})
		if err == nil && (len(made) != 1 || made[0].Status.Phase == corev1.PodPending) {
			err = fmt.Errorf("%s: no pod runs it", w.text)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = r.rack.zfs.Debug(ctx, &made[0], &out)
	fmt.Fprintln(r.out, "     "+strings.ReplaceAll(strings.TrimSpace(out.String()), "\n", "\n     "))
	return out.String(), err
}

// withoutTerminal are the words of a command that does not attach itself to what it makes.
func withoutTerminal(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "-it" })
}

// debuggers are the pods that kubectl has made to look at nodes, and that nobody has deleted.
func debuggers(ctx context.Context, c *cluster) ([]corev1.Pod, error) {
	list, err := c.client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=kubectl-debug"})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), nil
}

// zfsSerial writes another serial number where one of a pool's disks was.
func zfsSerial(pool spec.ZFSPool, old, serial string) func(config map[string]any) error {
	return func(config map[string]any) error {
		storage, _ := config["home-ops:storage"].(map[string]any)
		pools, _ := storage["zfs"].(map[string]any)
		for _, p := range listOf(pools["pools"]) {
			for _, disk := range listOf(p["disks"]) {
				if p["name"] == pool.Name && p["node"] == pool.Node && disk["serial"] == old {
					disk["serial"] = serial
					return nil
				}
			}
		}
		return fmt.Errorf("storage.zfs.pools: %s of %s has no disk %s", pool.Name, pool.Node, old)
	}
}
