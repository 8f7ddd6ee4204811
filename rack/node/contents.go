package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

const (
	// contentsFile says what is on disks that programs take whole, by the disks' serial numbers.
	contentsFile = "contents.json"
	// filesystemsFile are the file systems of user volumes, by the volumes' IDs.
	filesystemsFile = "filesystems.json"
)

// Mount is where a user volume was mounted from.
type Mount struct {
	Disk
	// Filesystem is another one for each time that the volume was made.
	Filesystem string
}

// filesystem is that of a user volume.
type filesystem struct {
	ID string `json:"id"`
	// Serial and Path are those of its disk.
	Serial string `json:"serial"`
	Path   string `json:"path"`
}

// Content is what a program has written onto a disk as a whole, in the program's own words; empty for a blank disk. It outlives
// everything but a wipe of the disk, and goes with the disk.
func (n *Node) Content(path string) (string, error) {
	hw := n.hardware()
	disk, ok := hw.disk(path)
	if !ok {
		return "", fmt.Errorf("node %s: it has no disk %s", n.opts.Name, path)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	contents, err := readMap[string](n.parts, contentsFile)
	return contents[disk.Serial], err
}

// Write has a program write onto a disk as a whole; empty is what a wipe does.
func (n *Node) Write(path, content string) error {
	hw := n.hardware()
	disk, ok := hw.disk(path)
	if !ok {
		return fmt.Errorf("node %s: it has no disk %s", n.opts.Name, path)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	contents, err := readMap[string](n.parts, contentsFile)
	if err != nil {
		return err
	}
	if contents[disk.Serial] = content; content == "" {
		delete(contents, disk.Serial)
	}
	return writeMap(n.parts, contentsFile, contents)
}

// HostPath is the folder in which a pod finds what is at a path of the machine: on a user volume below /var/mnt, else on EPHEMERAL.
// The error is the one that a program would get.
func (n *Node) HostPath(path string) (string, error) {
	below, ok := strings.CutPrefix(path, "/var/")
	if !ok {
		return "", fmt.Errorf("mkdir %s: read-only file system", path)
	}
	if n.current() == nil {
		return "", fmt.Errorf("%s is off", n.opts.Name)
	}
	if name, ok := strings.CutPrefix(below, "mnt/"); ok {
		name, rest, _ := strings.Cut(name, "/")
		mount, err := n.Mounted(name)
		if err != nil {
			return "", err
		}
		return filepath.Join(n.parts.dir, "filesystems", mount.Filesystem, rest), nil
	}
	return filepath.Join(n.parts.ephemeral(), below), nil
}

// filesystem is the file system of a user volume on a disk: the one that is there, or a new one.
func (p partitions) filesystem(volume string, disk Disk) (string, error) {
	all, err := readMap[filesystem](p, filesystemsFile)
	if err != nil {
		return "", err
	}
	if have, ok := all[volume]; ok && have.Serial == disk.Serial {
		return have.ID, nil
	}
	all[volume] = filesystem{ID: uuid.NewString(), Serial: disk.Serial, Path: disk.Path}
	return all[volume].ID, writeMap(p, filesystemsFile, all)
}

// wipeUserVolumes forgets those of which a condition holds.
func (p partitions) wipeUserVolumes(gone func(id string, f filesystem) bool) error {
	all, err := readMap[filesystem](p, filesystemsFile)
	if err != nil {
		return err
	}
	for id, f := range all {
		if gone(id, f) {
			delete(all, id)
		}
	}
	return writeMap(p, filesystemsFile, all)
}

// wipeUserVolumesOf forgets those that are on a disk.
func (p partitions) wipeUserVolumesOf(path string) error {
	return p.wipeUserVolumes(func(_ string, f filesystem) bool { return f.Path == path })
}

// isUserVolume says of a label that it is one of a user volume.
func isUserVolume(label string) bool { return strings.HasPrefix(label, constants.UserVolumePrefix) }

func readMap[V any](p partitions, name string) (map[string]V, error) {
	all := map[string]V{}
	data, err := p.read(name)
	if err != nil || data == nil {
		return all, err
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return all, fmt.Errorf("%s: %w", filepath.Join(p.dir, name), err)
	}
	return all, nil
}

func writeMap[V any](p partitions, name string, all map[string]V) error {
	data, err := json.Marshal(all)
	return errors.Join(err, p.write(name, data))
}
