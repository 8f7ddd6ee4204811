package spec

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// longhorn checks Longhorn.
func (c *checker) longhorn() {
	l := c.s.Storage.Longhorn
	if l == nil {
		return
	}
	path := field.NewPath("storage", "longhorn")
	c.longhornDisks(path, l)
	c.longhornFolders(l)
	if len(l.Disks) == 0 && len(l.Nodes) == 0 && !c.anyBad(path.Child("nodes")) {
		c.errorf(path.Child("userVolume"), "no node has a user volume %q: add it to userVolumes of the nodes that store data, or to nodeDefaults", l.UserVolume)
	}
	c.nodeNames(path.Child("nodes"), l.Nodes)
	for i, name := range l.Nodes {
		n, ok := c.node(name)
		if !ok {
			continue
		}
		at := path.Child("nodes").Index(i)
		if !slices.ContainsFunc(l.Volumes(), func(v string) bool { _, has := n.UserVolume(v); return has }) {
			c.errorf(at, "%s has no user volume %s: its data would lie on EPHEMERAL, which a reset wipes", name, quotedNames(l.Volumes()))
		}
		c.storageNode(at, name, "Longhorn's volumes")
	}
	c.runsFromVar(l)
	if len(l.Nodes) > 0 {
		c.replicas(path.Child("replicas"), l.Replicas, len(l.Nodes))
	}
	c.schedules(path.Child("snapshotSchedules"), l.SnapshotSchedules)
	c.recurringJobs(path.Child("snapshotSchedules"), l.SnapshotSchedules)
	if l.Backup != nil {
		c.recurringJobs(path.Child("backup", "schedules"), l.Backup.Schedules)
	}
	c.jobNames(path, l)
	if l.Backup != nil {
		c.backup(path.Child("backup"), l.Backup)
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
		c.warnf(field.NewPath("cluster", "talosContract"), "%s: Talos %s mounts /var of %s nosuid and nodev, in v1.14.0 also noexec, because the stack file places or "+
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

func (c *checker) recurringJobs(path *field.Path, list []Schedule) {
	for i, s := range list {
		at := path.Index(i)
		if len(s.Name) > longestJobName && isLabel(s.Name) {
			c.errorf(at.Child("name"), "%q has %d characters, and Longhorn takes %d for a recurring job's name", s.Name, len(s.Name), longestJobName)
		}
		if s.Retain > mostRetained {
			c.errorf(at.Child("retain"), "%d is more than the %d that Longhorn keeps of one job", s.Retain, mostRetained)
		}
	}
}

// jobNames finds a snapshot and a backup of one name: they are one kind of object.
func (c *checker) jobNames(path *field.Path, l *Longhorn) {
	if l.Backup == nil {
		return
	}
	for i, b := range l.Backup.Schedules {
		for j, s := range l.SnapshotSchedules {
			if b.Name == s.Name && b.Name != "" {
				c.errorf(path.Child("backup", "schedules").Index(i).Child("name"), "%q is also the name of snapshotSchedules[%d]: Longhorn has one list of jobs", b.Name, j)
			}
		}
	}
}

// longhornFolders refuses volumes of Longhorn's that are folders on EPHEMERAL.
func (c *checker) longhornFolders(l *Longhorn) {
	c.eachNode(func(at *field.Path, n *Node) {
		for i, v := range n.UserVolumes {
			if v.Type == VolumeDirectory && slices.Contains(l.Volumes(), v.Name) {
				c.errorf(at.Child("userVolumes").Index(i).Child("type"), "directory: Longhorn's data (storage.longhorn) would lie on EPHEMERAL, which a reset wipes")
			}
		}
	})
}

// longhornDisks checks the volumes that hold data, and their tags
// (https://github.com/longhorn/longhorn-manager/blob/v1.9.2/util/util.go, ValidateTags).
func (c *checker) longhornDisks(path *field.Path, l *Longhorn) {
	if len(l.Disks) > 0 && c.s.isSet(path.Child("userVolume")) {
		c.errorf(path.Child("userVolume"), "disks says which volumes hold data: keep one of the two")
	}
	seen := map[string]int{}
	for i, d := range l.Disks {
		at := path.Child("disks").Index(i)
		if first, ok := seen[d.UserVolume]; ok && d.UserVolume != "" {
			c.errorf(at.Child("userVolume"), "%q is already disks[%d]", d.UserVolume, first)
			continue
		}
		seen[d.UserVolume] = i
		has := slices.ContainsFunc(c.s.Nodes, func(n Node) bool { _, ok := n.UserVolume(d.UserVolume); return ok })
		if d.UserVolume != "" && !has {
			c.errorf(at.Child("userVolume"), "no node has a user volume %q: add it to userVolumes of the nodes that store data, or to nodeDefaults", d.UserVolume)
		}
		tags := map[string]int{}
		for j, tag := range d.Tags {
			p := at.Child("tags").Index(j)
			if errs := validation.IsQualifiedName(tag); len(errs) > 0 {
				c.errorf(p, "%q is not a tag: up to 63 letters, digits, dots, dashes and underscores", tag)
			}
			if first, ok := tags[tag]; ok {
				c.errorf(p, "%q is already tags[%d]", tag, first)
			}
			tags[tag] = j
		}
		c.reservedRoom(at.Child("reserved"), d)
	}
	if len(l.Disks) == 0 {
		return
	}
	c.eachNode(func(at *field.Path, _ *Node) {
		for _, key := range []string{"labels", "annotations"} {
			for _, name := range []string{longhornDiskLabel, longhornDisksAnnotation} {
				if p := entry(at.Child(key), name); c.s.source != nil && c.s.source.has(c.s.origin(p)) {
					c.errorf(p, "is set from %s; change it there", path.Child("disks"))
				}
			}
		}
	})
}

// reservedRoom holds what a disk leaves to others against the volume's own size.
func (c *checker) reservedRoom(at *field.Path, d LonghornDisk) {
	for _, n := range c.s.Nodes {
		v, ok := n.UserVolume(d.UserVolume)
		if ok && v.MaxSize > 0 && d.Reserved >= v.MaxSize {
			c.errorf(at, "%s is no less than maxSize (%s) of that volume of %s: nothing would be left for Longhorn", d.Reserved, v.MaxSize, n.Name)
			return
		}
	}
}

var targetForms = map[string]*regexp.Regexp{
	"s3":   regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]@[a-z0-9-]+/.*$`),
	"nfs":  regexp.MustCompile(`^nfs://[^/:]+:/.+$`),
	"cifs": regexp.MustCompile(`^cifs://[^/:@]+/.+$`),
	// https://learn.microsoft.com/en-us/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
	"azblob": regexp.MustCompile(`^azblob://[a-z0-9](-?[a-z0-9]){2,62}@[a-z0-9.-]+/.*$`),
}

func (c *checker) backup(path *field.Path, b *LonghornBackup) {
	c.schedules(path.Child("schedules"), b.Schedules)
	if b.Target == "" {
		return
	}
	kind, known := b.Kind()
	if !known {
		var forms []string
		for _, t := range longhornTargets {
			forms = append(forms, t.Form)
		}
		c.errorf(path.Child("target"), "%q is none of %s", b.Target, quoted(forms))
		return
	}
	if !targetForms[kind.Scheme].MatchString(b.Target) {
		hint := ""
		if kind.Scheme == "s3" {
			hint = "; Longhorn wants the region and at least a slash after it"
		}
		c.errorf(path.Child("target"), "%q is not %s%s", b.Target, kind.Form, hint)
	}
	refs := []struct {
		key, what string
		ref       SecretRef
	}{{"accessKeyRef", kind.AccessKey, b.AccessKeyRef}, {"secretKeyRef", kind.SecretKey, b.SecretKeyRef}}
	for _, r := range refs {
		if kind.Credentials && r.ref == "" && !c.anyBad(path) {
			c.errorf(path.Child(r.key), "is missing: a target %s:// wants its %s, kept for example in op://home/longhorn/%s", kind.Scheme, r.what, strings.ReplaceAll(r.what, " ", "-"))
		}
		if !kind.Credentials && r.ref != "" {
			c.errorf(path.Child(r.key), "has no effect: a target %s:// takes no credentials", kind.Scheme)
		}
	}
	switch {
	case b.Endpoint == "":
	case kind.Scheme != "s3":
		c.errorf(path.Child("endpoint"), "is the address of an S3 server, and the target is %s://", kind.Scheme)
	default:
		c.url(path.Child("endpoint"), b.Endpoint, "https", "http")
	}
}
