package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

const (
	// reinstallWord is what is written into reinstall.
	reinstallWord = "encrypted"
	// byReinstall is what a refusal says of it.
	byReinstall = "write another word into its reinstall"
	// configResource is the beginning of a step that changes a machine.
	configResource = "update talos:machine/configurationApply:ConfigurationApply "
	// smallEphemeral is the size that EPHEMERAL is given.
	smallEphemeral spec.Size = 100 << 30
	// layoutBy is the first Talos that lays EPHEMERAL out anew after a reset.
	layoutBy spec.Version = "v1.12.0"
)

// reinstall has machines installed anew, for what is decided when a machine is installed.
func reinstall(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, leastWrites, func(c *cluster, written marks) error {
		for _, m := range r.toReset() {
			err := r.phase("reinstall", "pulumi up with a reinstall of "+m.spec.Name, func() error { return r.installAnew(ctx, c, written, m) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// encrypted changes a node's line: both of Talos's own volumes are encrypted, and EPHEMERAL is smaller where this Talos can
// make it so.
func encrypted(talos spec.Version) func(line map[string]any) {
	return func(line map[string]any) {
		keys := func() map[string]any { return map[string]any{"keys": []any{map[string]any{"type": "nodeID"}}} }
		line["encryption"] = map[string]any{"state": keys(), "ephemeral": keys()}
		if talos.Reaches(layoutBy) {
			line["ephemeralVolume"] = map[string]any{"maxSize": smallEphemeral.String()}
		}
	}
}

func (r *rehearsal) installAnew(ctx context.Context, c *cluster, written marks, m *machine) error {
	name, talos := "reinstall of "+m.spec.Name, r.stack.Cluster.TalosVersion
	change := encrypted(talos)
	if err := r.refused(ctx, name+": without the word it is refused", nodeWith(m.spec.Name, change), byReinstall); err != nil {
		return err
	}
	if !talos.Reaches(layoutBy) {
		err := r.refused(ctx, name+": another layout is refused with this Talos", nodeWith(m.spec.Name, func(line map[string]any) {
			line["reinstall"], line["ephemeralVolume"] = reinstallWord, map[string]any{"maxSize": smallEphemeral.String()}
		}), "and leaves its place and size")
		if err != nil {
			return err
		}
	}
	before, err := dataOf(ctx, r, c, m)
	if err != nil {
		return err
	}
	err = r.edit(nodeWith(m.spec.Name, func(line map[string]any) {
		change(line)
		line["reinstall"] = reinstallWord
	}))
	if err != nil {
		return err
	}
	steps, warnings, err := r.previewed(ctx)
	if err != nil {
		return err
	}
	r.announced(name, steps, warnings, m.spec.Name)
	written.wiped[m.spec.Address] = true
	did, err := r.act(ctx, c, name, func() error {
		if err := r.upAsWritten(ctx, upWithReinstall); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.judge(did, []string{m.spec.Name}, false)
	r.came(did, "it belongs to the cluster again", err)
	if err != nil {
		return err
	}
	r.madeAnew(did, m.spec, m.SystemVolume)
	if len(before) > 0 {
		r.keptData(ctx, did, before, func(ctx context.Context) ([]string, error) { return dataOf(ctx, r, c, m) })
	}
	r.kept(r.marked(ctx, c, written))
	return nil
}

// announced is whether a preview tells of the reinstall of one machine, and of none of another one.
func (r *rehearsal) announced(name string, steps, warnings []string, node string) {
	changed := slices.DeleteFunc(slices.Clone(steps), func(s string) bool { return !strings.HasPrefix(s, configResource) })
	ok := len(changed) == 1 && strings.HasSuffix(changed[0], "-apply-"+node)
	told := slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, node+" is installed anew") })
	r.add(name+": the preview tells of it", ok && told, fmt.Sprintf("machines %q; warnings %q", changed, warnings))
}

// madeAnew is whether the machine's own volumes are as its node in the stack file wants them.
func (r *rehearsal) madeAnew(did report.Step, n spec.Node, volume func(label string) (node.SystemVolume, error)) {
	var errs []error
	for label, wanted := range map[string]*spec.VolumeEncryption{
		constants.StatePartitionLabel: n.Encryption.State, constants.EphemeralPartitionLabel: n.Encryption.Ephemeral,
	} {
		is, err := volume(label)
		if err == nil && is.Encrypted != (wanted != nil) {
			err = fmt.Errorf("%s is encrypted: %t", label, is.Encrypted)
		}
		if e := n.EphemeralVolume; err == nil && label == constants.EphemeralPartitionLabel && e != nil && is.Size != uint64(e.MaxSize) {
			err = fmt.Errorf("%s has %d bytes, not %d", label, is.Size, uint64(e.MaxSize))
		}
		errs = append(errs, err)
	}
	r.addChecked(did.Name+": its volumes are as the stack file wants them", "STATE and EPHEMERAL", errors.Join(errs...))
}

// keptData is whether the disks of the stack's storage have what they had.
func (r *rehearsal) keptData(ctx context.Context, did report.Step, before []string, look func(context.Context) ([]string, error)) {
	err := until(ctx, func(ctx context.Context) error {
		after, err := look(ctx)
		if err == nil && !slices.Equal(after, before) {
			err = fmt.Errorf("they were %q, and are %q", before, after)
		}
		return err
	})
	r.addChecked(did.Name+": its data disks keep what is on them", strings.Join(before, ", "), err)
}

// dataOf names what the storage of the stack keeps on the machine's disks: OSDs of Ceph, and disks of Longhorn with the UUIDs
// that are written on them.
func dataOf(ctx context.Context, r *rehearsal, c *cluster, m *machine) (all []string, err error) {
	if r.stack.Storage.RookCeph != nil {
		list, err := c.client.AppsV1().Deployments(cephNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app=rook-ceph-osd"})
		if err != nil {
			return nil, err
		}
		for _, d := range list.Items {
			if d.Spec.Template.Spec.NodeSelector["kubernetes.io/hostname"] == m.spec.Name {
				all = append(all, d.Name)
			}
		}
	}
	if len(m.stores) > 0 {
		client, err := dynamic.NewForConfig(c.rest)
		if err != nil {
			return nil, err
		}
		disks, err := longhornDisksOf(ctx, client, m.spec.Name)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(disks)) {
			all = append(all, strings.TrimSpace("Longhorn's disk "+disks[name].uuid+" "+disks[name].reason))
		}
	}
	return all, nil
}
