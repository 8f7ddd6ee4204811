package longhorn

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Mount is a place of a node where Longhorn stores, as its settings or the node's annotation name it.
type Mount struct {
	// Path is where it is mounted, such as /var/mnt/longhorn.
	Path string
	// Filesystem is another one for each file system that was ever made there; empty where nothing can be read.
	Filesystem string
	// Err is what a program gets that reads or writes there; nil where all is well.
	Err error
}

// unlabelled is the one place of a node of which nobody says more.
func unlabelled(node string) []Mount {
	return []Mount{{Path: "/var/lib/longhorn", Filesystem: "/var/lib/longhorn of " + node}}
}

// uuid is what Longhorn writes into longhorn-disk.cfg when it first sees a file system.
func (m Mount) uuid() string {
	sum := sha256.Sum256([]byte(m.Filesystem))
	text := hex.EncodeToString(sum[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:32]
}

// disk is the name of the disk that Longhorn makes there by itself.
func (m Mount) disk() string { return "default-disk-" + m.uuid()[:8] + m.uuid()[9:13] }

// diskSpec is what a node's object wants of a disk.
type diskSpec struct {
	Type            string   `json:"diskType"`
	Path            string   `json:"path"`
	AllowScheduling bool     `json:"allowScheduling"`
	Eviction        bool     `json:"evictionRequested"`
	Reserved        int64    `json:"storageReserved"`
	Tags            []string `json:"tags"`
}

// diskStatus is what Longhorn says of one.
type diskStatus struct {
	Path       string           `json:"diskPath"`
	Type       string           `json:"diskType"`
	Name       string           `json:"diskName"`
	UUID       string           `json:"diskUUID"`
	Conditions []condition      `json:"conditions"`
	Scheduled  map[string]int64 `json:"scheduledReplica"`
}

// defaults are the disks that Longhorn makes on a node that has none: each place that can be written to is one.
func defaults(mounts []Mount) map[string]diskSpec {
	disks := map[string]diskSpec{}
	for _, m := range mounts {
		if m.Err == nil {
			disks[m.disk()] = diskSpec{Type: "filesystem", Path: m.Path, AllowScheduling: true, Tags: []string{}}
		}
	}
	return disks
}

// examine says how the disks of a node are, and which of them are ready, by their UUIDs, with whether they take new replicas. A disk
// is known by what it had in its file system when it was first seen: with anything else in its place it is none of Longhorn's.
func examine(node string, wanted map[string]diskSpec, was map[string]diskStatus, mounts []Mount) (map[string]diskStatus, map[string]bool) {
	now, ready := map[string]diskStatus{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		d := wanted[name]
		s := diskStatus{Path: d.Path, Type: d.Type, Name: name, UUID: was[name].UUID, Scheduled: map[string]int64{}}
		id, err := identify(d.Path, mounts)
		reason, message := "", ""
		switch {
		case err != nil:
			reason, message = "NoDiskInfo", fmt.Sprintf("Disk %s(%s) on node %s is not ready: failed to get disk config: error: %s", name, d.Path, node, err)
		case s.UUID == "":
			s.UUID = id
		case s.UUID != id:
			reason, message = "DiskFilesystemChanged", fmt.Sprintf("Disk %s(%s) on node %s is not ready: record diskUUID doesn't match the one on the disk ", name, d.Path, node)
		}
		is := condition{Type: "Ready", Status: corev1.ConditionTrue}
		may := condition{Type: "Schedulable", Status: corev1.ConditionTrue}
		if reason != "" {
			is = condition{Type: "Ready", Status: corev1.ConditionFalse, Reason: reason, Message: message}
			may = condition{Type: "Schedulable", Status: corev1.ConditionFalse, Reason: "DiskNotReady", Message: fmt.Sprintf("Disk %s(%s) on node %s is not ready", name, d.Path, node)}
		} else {
			ready[s.UUID] = d.AllowScheduling && !d.Eviction
		}
		s.Conditions = []condition{is, may}
		now[name] = s
	}
	return now, ready
}

// identify is the UUID of what is at a path.
func identify(path string, mounts []Mount) (string, error) {
	for _, m := range mounts {
		if m.Path == path {
			return m.uuid(), m.Err
		}
	}
	return "", errors.New("no such file or directory")
}
