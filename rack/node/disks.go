package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
)

// Death is how a disk dies.
type Death int

const (
	// Failing is a disk that is still listed, and answers each read and write with an error.
	Failing Death = iota
	// Vanished is a disk that is not listed any more.
	Vanished
)

// errIO is what a program gets of a file on a disk that is dead.
var errIO = errors.New("input/output error")

// Disks are those that the machine lists now, with those that are dead and still listed.
func (n *Node) Disks() []Disk {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.opts.Hardware.Disks)
}

// hardware is what the machine is made of now.
func (n *Node) hardware() Hardware {
	n.mu.Lock()
	defer n.mu.Unlock()
	hw := n.opts.Hardware
	hw.Disks = slices.Clone(hw.Disks)
	return hw
}

// DiskDies ends a disk for good, of a machine that runs or is off. What was on it is lost. With its system disk a machine goes down,
// and does not boot before a disk was put in.
func (n *Node) DiskDies(path string, how Death) error {
	n.mu.Lock()
	disks := slices.Clone(n.opts.Hardware.Disks)
	i := slices.IndexFunc(disks, func(d Disk) bool { return d.Path == path })
	if i < 0 {
		n.mu.Unlock()
		return fmt.Errorf("node %s: it has no disk %s", n.opts.Name, path)
	}
	if how == Vanished {
		disks = slices.Delete(disks, i, i+1)
	} else {
		disks[i].Dead = true
	}
	n.opts.Hardware.Disks = disks
	installed, ok, err := n.parts.installed()
	system := ok && installed.Disk == path
	n.systemless = n.systemless || system
	s := n.session
	n.mu.Unlock()
	switch {
	case err != nil:
		return err
	case system && s == nil:
		return n.parts.wipe()
	case system:
		// Whoever drives the machine wipes what was on the disk when the session has ended.
		s.powerCut(endReboot)
		return nil
	case s != nil:
		return s.disksChanged()
	}
	return nil
}

// PutIn puts a blank disk into the machine, at a path that no other has. It is seen at once on a machine that runs.
func (n *Node) PutIn(disk Disk) error {
	disk.Transport, disk.Dead = cmp.Or(disk.Transport, defaultTransport[disk.Type]), false
	n.mu.Lock()
	hw := n.opts.Hardware
	hw.Disks = append(slices.Clone(hw.Disks), disk)
	if err := hw.validate(); err != nil {
		n.mu.Unlock()
		return fmt.Errorf("node %s: %w", n.opts.Name, err)
	}
	n.opts.Hardware.Disks = hw.Disks
	n.systemless = false
	close(n.flipped)
	n.flipped = make(chan struct{})
	s := n.session
	n.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.disksChanged()
}

// Mounted is the disk that a user volume was mounted from in this boot; it stays mounted when its disk dies, and whoever uses it has
// errors. The error is the one that a program would get.
func (n *Node) Mounted(volume string) (Mount, error) {
	s := n.current()
	if s == nil {
		return Mount{}, fmt.Errorf("%s is off", n.opts.Name)
	}
	s.mu.Lock()
	mounted, ok := s.mounts[constants.UserVolumePrefix+volume]
	s.mu.Unlock()
	if !ok {
		return Mount{}, fmt.Errorf("stat /var/mnt/%s: no such file or directory", volume)
	}
	there := slices.ContainsFunc(n.Disks(), func(d Disk) bool { return d.Path == mounted.Path && d.Serial == mounted.Serial && !d.Dead })
	if !there {
		return mounted, errIO
	}
	return mounted, nil
}

// lostSystem forgets what was on a system disk that has died.
func (n *Node) lostSystem() error {
	n.mu.Lock()
	lost := n.systemless
	n.mu.Unlock()
	if !lost {
		return nil
	}
	return n.parts.wipe()
}

// disksChanged shows the disks that there are now, and what becomes of the volumes: one that has lost its disk is made anew on a
// blank one that its selector chooses. What was mounted stays so until the next boot.
func (s *session) disksChanged() error {
	ctx := context.Background()
	var disks, devices []resource.Resource
	for i, disk := range s.node.Disks() {
		disks, devices = append(disks, diskResource(disk)), append(devices, blockDevice(disk, i))
	}
	err := errors.Join(
		replaceAll(ctx, s.resources, block.NewDisk(block.NamespaceName, "").Metadata(), disks),
		replaceAll(ctx, s.resources, block.NewDevice(block.NamespaceName, "").Metadata(), devices),
	)
	cfg := s.config()
	if err != nil || cfg == nil || s.installed == nil {
		return err
	}
	return s.publishVolumes(ctx, cfg)
}

// mount notes where a volume was mounted from, once in a boot, and makes the file system of a user volume that has none.
func (s *session) mount(volume *block.VolumeStatus) error {
	if volume.TypedSpec().Phase != block.VolumePhaseReady {
		return nil
	}
	hw := s.node.hardware()
	disk, ok := hw.disk(volume.TypedSpec().ParentLocation)
	s.mu.Lock()
	defer s.mu.Unlock()
	id := volume.Metadata().ID()
	if _, mounted := s.mounts[id]; !ok || mounted {
		return nil
	}
	mount := Mount{Disk: disk}
	var err error
	if isUserVolume(id) {
		mount.Filesystem, err = s.parts.filesystem(id, disk)
	}
	s.mounts[id] = mount
	return err
}
