package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/rack/addons/longhorn"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
)

// longhornNamespace is where Longhorn runs.
const longhornNamespace = "longhorn-system"

var longhornNodes = schema.GroupVersionResource{Group: "longhorn.io", Version: "v1beta2", Resource: "nodes"}

// mountsOf are the places of a machine where Longhorn stores.
func (r *rack) mountsOf(name string) []longhorn.Mount {
	var mounts []longhorn.Mount
	for _, m := range r.nodes {
		if m.spec.Name != name {
			continue
		}
		for _, volume := range m.spec.UserVolumes {
			if !slices.Contains(m.stores, volume.Name) {
				continue
			}
			mount := longhorn.Mount{Path: volume.MountPath()}
			mounted, err := m.Mounted(volume.Name)
			mount.Filesystem, mount.Err = mounted.Filesystem, err
			mounts = append(mounts, mount)
		}
	}
	return mounts
}

// longhornDisk is the user volume of the last machine that stores, where it has a disk of its own.
func (r *rehearsal) longhornDisk() (*machine, string, bool) {
	for _, m := range slices.Backward(r.rack.nodes) {
		if len(m.stores) == 1 {
			disk, err := m.Mounted(m.stores[0])
			occupied, errOccupied := m.Occupied()
			if err == nil && errOccupied == nil && occupied[disk.Path] != "the system disk" {
				return m, m.stores[0], true
			}
		}
	}
	return nil, "", false
}

// replaceLonghornDisk has the disk of a user volume die in which Longhorn stores.
func (r *rehearsal) replaceLonghornDisk(ctx context.Context, c *cluster, written marks, m *machine, volume string) error {
	old, err := m.Mounted(volume)
	if err != nil {
		return err
	}
	var dead longhornDisk
	err = r.phase("longhorn-disk", "the disk of Longhorn in "+m.spec.Name+" dies", func() (err error) {
		dead, err = r.loseLonghornDisk(ctx, c, written, m, old.Disk)
		return err
	})
	if err != nil {
		return err
	}
	return r.phase("longhorn-disk", "another disk of Longhorn is put into "+m.spec.Name, func() error {
		return r.putInLonghornDisk(ctx, c, written, m, old.Disk, dead)
	})
}

// longhornDisk is a disk as Longhorn's node has it.
type longhornDisk struct{ name, uuid string }

func (r *rehearsal) loseLonghornDisk(ctx context.Context, c *cluster, written marks, m *machine, old node.Disk) (dead longhornDisk, err error) {
	var said string
	check := "Longhorn's disk of " + m.spec.Name
	did, err := r.act(ctx, c, "a dead disk of Longhorn in "+m.spec.Name, func() error {
		if err := m.DiskDies(old.Path, node.Vanished); err != nil {
			return err
		}
		err := until(ctx, func(ctx context.Context) (err error) {
			dead, err = longhornSays(ctx, c, m.spec.Name, "NoDiskInfo")
			return err
		})
		if err != nil {
			return err
		}
		if err := until(ctx, func(ctx context.Context) error { return degraded(ctx, c) }); err != nil {
			return err
		}
		said, err = r.askDoctor(ctx, check)
		return err
	})
	m.Acknowledge()
	r.came(did, "Longhorn says what it lacks", err)
	if err != nil {
		return dead, err
	}
	r.bears(ctx, c, written, did, said, check)
	return dead, nil
}

// putInLonghornDisk exchanges the disk while the machine is off, as one does in a house without bays.
func (r *rehearsal) putInLonghornDisk(ctx context.Context, c *cluster, written marks, m *machine, old node.Disk, dead longhornDisk) error {
	name := "another disk of Longhorn in " + m.spec.Name
	did, err := r.act(ctx, c, name, func() error {
		m.PowerOff()
		if err := m.WaitFor(ctx, node.Off); err != nil {
			return err
		}
		if err := m.PutIn(like(old, newSerial+"-LONGHORN")); err != nil {
			return err
		}
		m.PowerOn()
		if err := m.WaitFor(ctx, node.Running); err != nil {
			return err
		}
		// Longhorn does not take it by itself: it may be the wrong one.
		err := within(ctx, comesBack, func(ctx context.Context) error {
			_, err := longhornSays(ctx, c, m.spec.Name, "DiskFilesystemChanged")
			return err
		})
		if err != nil {
			return err
		}
		steps, warnings, err := r.previewed(ctx)
		if err != nil {
			return err
		}
		r.foretold(name, steps, warnings, nil, "")
		if err := r.takeOutOfLonghorn(ctx, c, m.spec.Name, dead); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	m.Acknowledge()
	r.came(did, "Longhorn has all replicas again", err)
	if err != nil {
		return err
	}
	r.alone(did, m.spec.Name)
	r.answers(did, len(r.stack.ControlPlanes()) >= 3 || !m.spec.IsControlPlane())
	r.noDiskLeft(ctx, c, did, m.spec.Name, dead)
	r.kept(r.marked(ctx, c, written))
	return nil
}

// takeOutOfLonghorn does what the page says of the dead disk.
func (r *rehearsal) takeOutOfLonghorn(ctx context.Context, c *cluster, name string, dead longhornDisk) error {
	with := map[string]string{"NODE": name, "longhorndiskuuid=UUID": "longhorndiskuuid=" + dead.uuid}
	for _, patch := range []string{`{"spec":{"disks":{"DISK":{"allowScheduling":false}}}}`, `{"spec":{"disks":{"DISK":null}}}`} {
		with[patch] = strings.ReplaceAll(patch, "DISK", dead.name)
	}
	if err := r.kubectlAsWritten(ctx, diskOff, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, replicasDelete, c, with); err != nil {
		return err
	}
	// Longhorn refuses it while it counts a replica there.
	return until(ctx, func(ctx context.Context) error {
		if err := r.kubectlAsWritten(ctx, diskRemove, c, with); err != nil {
			return err
		}
		return diskGone(ctx, c, name, dead)
	})
}

// waitsForDisk is what `up` says while a volume lacks a replica whose disk was exchanged.
const waitsForDisk = "it stays so until you do what docs/runbooks/replace-disk.md says of a disk of Longhorn"

// upStoringAnew is an `up` with another machine in the place of one that is dead. It waits for its storage, and Longhorn stores on no
// blank disk by itself: as soon as `up` tells so, its owner does what the page says.
func (r *rehearsal) upStoringAnew(ctx context.Context, c *cluster, m *machine) error {
	var once sync.Once
	var owner sync.WaitGroup
	told := len(m.stores) == 0
	var did error
	_, err := r.cli.Up(ctx, func(e apitype.EngineEvent) {
		if d := e.DiagnosticEvent; d != nil && strings.Contains(d.Message, waitsForDisk) && len(m.stores) > 0 {
			once.Do(func() {
				told = true
				owner.Go(func() { did = r.storesAnew(ctx, c, m) })
			})
		}
	})
	owner.Wait()
	if err == nil && !told {
		err = errors.New("up has not said what Longhorn waits for")
	}
	return errors.Join(err, did)
}

// storesAnew has Longhorn store on the blank disk of another machine: it knows the former by what was on it, and takes no other in its
// place by itself.
func (r *rehearsal) storesAnew(ctx context.Context, c *cluster, m *machine) error {
	if len(m.stores) > 1 {
		return fmt.Errorf("%s has several disks of Longhorn, and the rehearsal knows how one is exchanged", m.spec.Name)
	}
	var former longhornDisk
	err := within(ctx, comesBack, func(ctx context.Context) (err error) {
		former, err = longhornSays(ctx, c, m.spec.Name, "DiskFilesystemChanged")
		return err
	})
	if err != nil {
		return err
	}
	if err := r.takeOutOfLonghorn(ctx, c, m.spec.Name, former); err != nil {
		return err
	}
	return within(ctx, comesBack, r.observe)
}

func (r *rehearsal) noDiskLeft(ctx context.Context, c *cluster, did report.Step, name string, dead longhornDisk) {
	r.remains(did, dead.name+" ("+dead.uuid+")", until(ctx, func(ctx context.Context) error { return diskGone(ctx, c, name, dead) }))
}

// diskGone is nil when neither the disk nor a replica on it is known to Longhorn, and the node has another disk that is ready.
func diskGone(ctx context.Context, c *cluster, name string, dead longhornDisk) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	disks, err := longhornDisksOf(ctx, client, name)
	if err != nil {
		return err
	}
	var errs []error
	ready := 0
	for disk, status := range disks {
		if disk == dead.name || status.uuid == dead.uuid {
			errs = append(errs, fmt.Errorf("%s still has the disk %s", name, dead.name))
		} else if status.reason == "" {
			ready++
		}
	}
	if ready == 0 {
		errs = append(errs, fmt.Errorf("%s has no disk that is ready", name))
	}
	replicas, err := client.Resource(schema.GroupVersionResource{Group: "longhorn.io", Version: "v1beta2", Resource: "replicas"}).
		Namespace(longhornNamespace).List(ctx, metav1.ListOptions{LabelSelector: "longhorndiskuuid=" + dead.uuid})
	if err != nil {
		return err
	}
	for _, r := range replicas.Items {
		errs = append(errs, fmt.Errorf("replica %s is still on it", r.GetName()))
	}
	return errors.Join(errs...)
}

// diskState is what Longhorn says of a disk: its UUID, and why it is not ready.
type diskState struct{ uuid, reason string }

func longhornDisksOf(ctx context.Context, client dynamic.Interface, name string) (map[string]diskState, error) {
	object, err := client.Resource(longhornNodes).Namespace(longhornNamespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	all := map[string]diskState{}
	statuses, _, _ := unstructured.NestedMap(object.Object, "status", "diskStatus")
	for disk, status := range statuses {
		fields, _ := status.(map[string]any)
		s := diskState{}
		s.uuid, _ = fields["diskUUID"].(string)
		for _, c := range listOf(fields["conditions"]) {
			if c["type"] == "Ready" && c["status"] != "True" {
				s.reason, _ = c["reason"].(string)
			}
		}
		all[disk] = s
	}
	return all, nil
}

// longhornSays is the disk of a node that is not ready for a reason.
func longhornSays(ctx context.Context, c *cluster, name, reason string) (longhornDisk, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return longhornDisk{}, err
	}
	disks, err := longhornDisksOf(ctx, client, name)
	if err != nil {
		return longhornDisk{}, err
	}
	for _, disk := range slices.Sorted(maps.Keys(disks)) {
		if disks[disk].reason == reason {
			return longhornDisk{disk, disks[disk].uuid}, nil
		}
	}
	return longhornDisk{}, fmt.Errorf("no disk of %s is not ready for %s: %v", name, reason, disks)
}

// degraded is nil when a volume lacks a replica, and none lacks all.
func degraded(ctx context.Context, c *cluster) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	list, err := client.Resource(longhornVolumes).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	found := false
	for i := range list.Items {
		is := lacks(&list.Items[i])
		if is == "faulted" {
			return fmt.Errorf("volume %s is faulted", list.Items[i].GetName())
		}
		found = found || is == "degraded"
	}
	if !found {
		return errors.New("no volume is degraded")
	}
	return nil
}
