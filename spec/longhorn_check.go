package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// longhorn checks Longhorn.
func (c *checker) longhorn() {
	l := c.s.Storage.Longhorn
	if l == nil {
		return
	}
	const path = "storage.longhorn"
	if len(l.Nodes) == 0 && !c.anyBad(path+".nodes") {
		c.errorf(path+".userVolume", "no node has a user volume %q: add it to userVolumes of the nodes that store data, or to nodeDefaults", l.UserVolume)
	}
	c.nodeNames(path+".nodes", l.Nodes)
	for i, name := range l.Nodes {
		n, ok := c.node(name)
		if !ok {
			continue
		}
		at := fmt.Sprintf("%s.nodes[%d]", path, i)
		if _, ok := n.UserVolume(l.UserVolume); !ok {
			c.errorf(at, "%s has no user volume %q: its data would lie on EPHEMERAL, which a reset wipes", name, l.UserVolume)
		}
		c.storageNode(at, name, "Longhorn's volumes")
	}
	c.runsFromVar(l)
	if len(l.Nodes) > 0 {
		c.replicas(path+".replicas", l.Replicas, len(l.Nodes))
	}
	c.schedules(path+".snapshotSchedules", l.SnapshotSchedules)
	c.recurringJobs(path+".snapshotSchedules", l.SnapshotSchedules)
	if l.Backup != nil {
		c.recurringJobs(path+".backup.schedules", l.Backup.Schedules)
	}
	c.jobNames(path, l)
	if l.Backup != nil {
		c.backup(path+".backup", l.Backup)
	}
}

// runsFromVar warns of nodes on which Talos could keep Longhorn from running its engines. From v1.14 on, Talos mounts
// /var restrictively where a document speaks of that volume; only contract v1.14 has the key that turns it off.
func (c *checker) runsFromVar(l *Longhorn) {
	talos, _ := c.s.Cluster.TalosVersion.parse()
	contract, ok := c.s.Cluster.TalosContract.parse()
	restrictive, _ := restrictiveVar.parse()
	if !ok || talos.compareMinor(restrictive) < 0 || contract.compareMinor(restrictive) >= 0 {
		return
	}
	var names []string
	for _, name := range l.Nodes {
		if n, ok := c.node(name); ok && (n.EphemeralVolume != nil || n.Encryption.Ephemeral != nil) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		c.warnf("cluster.talosContract", "%s: Talos %s mounts /var of %s nosuid and nodev, in v1.14.0 also noexec, because the stack file places or "+
			"encrypts it; Longhorn runs its engines from there. With %s the program turns that off "+
			"(https://github.com/longhorn/longhorn/issues/9083)", c.s.Cluster.TalosContract, c.s.Cluster.TalosVersion, quoted(names), restrictiveVar)
	}
}

// restrictiveVar is the first release that does so (https://github.com/siderolabs/talos/pull/13774).
const restrictiveVar = Version("v1.14")

// Longhorn's bounds of a recurring job
// (https://github.com/longhorn/longhorn-manager/blob/v1.9.0/datastore/longhorn.go, types/setting.go).
const (
	longestJobName = 40
	mostRetained   = 100
)

func (c *checker) recurringJobs(path string, list []Schedule) {
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if len(s.Name) > longestJobName && isLabel(s.Name) {
			c.errorf(at+".name", "%q has %d characters, and Longhorn takes %d for a recurring job's name", s.Name, len(s.Name), longestJobName)
		}
		if s.Retain > mostRetained {
			c.errorf(at+".retain", "%d is more than the %d that Longhorn keeps of one job", s.Retain, mostRetained)
		}
	}
}

// jobNames finds a snapshot and a backup of one name: they are one kind of object.
func (c *checker) jobNames(path string, l *Longhorn) {
	if l.Backup == nil {
		return
	}
	for i, b := range l.Backup.Schedules {
		for j, s := range l.SnapshotSchedules {
			if b.Name == s.Name && b.Name != "" {
				c.errorf(fmt.Sprintf("%s.backup.schedules[%d].name", path, i), "%q is also the name of snapshotSchedules[%d]: Longhorn has one list of jobs", b.Name, j)
			}
		}
	}
}

var (
	s3Target  = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]@[a-z0-9-]+/.*$`)
	nfsTarget = regexp.MustCompile(`^nfs://[^/:]+:/.+$`)
)

func (c *checker) backup(path string, b *LonghornBackup) {
	target := b.Target
	switch {
	case target == "":
	case strings.HasPrefix(target, "s3://"):
		if !s3Target.MatchString(target) {
			c.errorf(path+".target", "%q is not s3://bucket@region/path; Longhorn wants the region and at least a slash after it", target)
		}
		if b.AccessKeyRef == "" && !c.anyBad(path) {
			c.errorf(path+".accessKeyRef", "is missing: S3 wants credentials, for example op://home/longhorn/access-key")
		}
		if b.SecretKeyRef == "" && !c.anyBad(path) {
			c.errorf(path+".secretKeyRef", "is missing: S3 wants credentials, for example op://home/longhorn/secret-key")
		}
	case strings.HasPrefix(target, "nfs://"):
		if !nfsTarget.MatchString(target) {
			c.errorf(path+".target", "%q is not nfs://host:/export", target)
		}
		if b.AccessKeyRef != "" || b.SecretKeyRef != "" || b.Endpoint != "" {
			c.errorf(path, "endpoint, accessKeyRef and secretKeyRef are for S3, and the target is NFS")
		}
	default:
		c.errorf(path+".target", "%q is neither s3://bucket@region/path nor nfs://host:/export", target)
	}
	if b.Endpoint != "" && !strings.HasPrefix(target, "nfs://") {
		c.url(path+".endpoint", b.Endpoint, "https", "http")
	}
	c.schedules(path+".schedules", b.Schedules)
}
