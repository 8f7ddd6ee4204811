package spec

import (
	"errors"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ceph checks Rook-Ceph.
func (c *checker) ceph() {
	ce := c.s.Storage.RookCeph
	if ce == nil {
		return
	}
	path := field.NewPath("storage", "rookCeph")
	seen := map[string]int{}
	for i, n := range ce.Nodes {
		at := path.Child("nodes").Index(i)
		c.storageNode(at.Child("name"), n.Name, "Ceph's disks")
		if first, ok := seen[n.Name]; ok && n.Name != "" {
			c.errorf(at.Child("name"), "%s is already %s; put its disks together", n.Name, path.Child("nodes").Index(first))
		}
		seen[n.Name] = i
		if len(n.Disks)+len(n.Matching) == 0 && !c.anyBad(at, at.Child("disks"), at.Child("matching")) {
			c.errorf(at, "names no disk: give disks or matching")
		}
		for j, d := range n.Disks {
			disk := at.Child("disks").Index(j)
			c.storageDisk(disk, n.Name, d, useCeph)
			c.linkedDisk(disk, d)
			if ce.Encrypted && partitionPath.MatchString(d.Path) {
				c.errorf(disk.Child("path"), "%s is a partition, and Rook encrypts whole disks: give the disk, or turn encrypted off", d.Path)
			}
		}
	}
	if len(ce.Nodes) > 0 {
		c.cephCopies(path.Child("replicas"), ce.Replicas, ce)
		if ce.FailureDomain == CephOSD && len(ce.Nodes) > 0 && ce.Replicas > 1 {
			c.warnf(path.Child("failureDomain"), "osd: the copies of a piece of data may all be on one node, and are gone with it")
		}
		for _, p := range []struct {
			key  string
			pool CephPool
		}{{"block", ce.Block}, {"filesystem", ce.Filesystem}, {"objectStore", ce.ObjectStore}} {
			if p.pool.Enabled && p.pool.Replicas != ce.Replicas {
				c.cephCopies(path.Child(p.key, "replicas"), p.pool.Replicas, ce)
			}
			c.cephCoding(path.Child(p.key, "erasureCoding"), p.pool.ErasureCoding, ce)
		}
		c.cephPools(path.Child("pools"), ce)
	}
	c.monitors(path.Child("monitors"), ce.Monitors)
	if ce.MonitorsShareNodes && ce.Monitors > 1 {
		c.warnf(path.Child("monitorsShareNodes"), "a node that is lost can take the majority of the monitors with it, and Ceph stands still")
	}
	c.monitorVolume(path.Child("monitorVolume"), ce.MonitorVolume)
	c.cephNetwork(path.Child("publicNetwork"), ce.PublicNetwork, ce)
	c.cephNetwork(path.Child("clusterNetwork"), ce.ClusterNetwork, ce)
	c.cephFamilies(path, ce)
	c.schedules(path.Child("snapshotSchedules"), ce.SnapshotSchedules)
	if !ce.HasBlock() && !ce.Filesystem.Enabled && !ce.ObjectStore.Enabled {
		c.errorf(path, "offers nothing: enable block, filesystem or objectStore")
	}
	if len(ce.SnapshotSchedules) > 0 && !ce.HasBlock() {
		c.errorf(path.Child("snapshotSchedules"), "snapshots are of block volumes, and block.enabled is false")
	}
}

// cephCopies checks how many copies are kept apart from each other.
func (c *checker) cephCopies(path *field.Path, n int, ce *RookCeph) {
	if ce.FailureDomain == CephOSD {
		if disks := ce.Domains(); n > disks && ce.Counted() {
			c.errorf(path, "%s cannot lie on different disks, of which there are %d: nothing would ever be fully replicated", plural(n, "copy", "copies"), disks)
		} else if n == 1 {
			c.warnf(path, "one copy: a lost disk is lost data")
		}
		return
	}
	c.replicas(path, n, len(ce.Nodes))
}

// replicas checks how many copies of data are kept on how many nodes.
func (c *checker) replicas(path *field.Path, n, nodes int) {
	switch {
	case n <= 0:
	case n > nodes:
		c.errorf(path, "%s cannot lie on different nodes, of which %d store data: nothing would ever be fully replicated", plural(n, "copy", "copies"), nodes)
	case n == 1:
		c.warnf(path, "one copy: a lost disk is lost data")
	case n == 2:
		c.warnf(path, "two copies: while a node is down a second fault loses data; three are usual")
	}
}

func (c *checker) monitors(path *field.Path, n int) {
	if n <= 0 || len(c.s.Nodes) == 0 {
		return
	}
	able, kept := c.monitorNodes()
	switch {
	case n%2 == 0:
		c.errorf(path, "%d is even: monitors need a majority, so an even one adds only a machine that can fail; make it %d or %d", n, n-1, n+1)
	case c.s.Storage.RookCeph.MonitorsShareNodes:
	case n > able && len(kept) > 0:
		c.errorf(path, "%d monitors stand on different nodes, of which only %d let them: taints that no storage node has keep them from %s", n, able, some(kept))
	case n > able:
		c.errorf(path, "%d monitors stand on different nodes, of which only %d take workloads", n, able)
	case n == 1 && able >= 3:
		c.warnf(path, "one monitor is a single point of failure for all of Ceph; %d nodes could hold three", able)
	}
}

// monitorNodes counts the nodes that take a monitor, and names those whose taints keep it away: monitors tolerate what
// storage nodes have.
func (c *checker) monitorNodes() (able int, kept []string) {
	type taint struct {
		key, value string
		effect     TaintEffect
	}
	tolerated := map[taint]bool{}
	for _, cn := range c.s.Storage.RookCeph.Nodes {
		if n, ok := c.node(cn.Name); ok {
			for _, t := range n.Taints {
				tolerated[taint{t.Key, t.Value, t.Effect}] = true
			}
		}
	}
	for _, n := range c.s.Nodes {
		if !c.s.Schedulable(n) {
			continue
		}
		away := slices.ContainsFunc(n.Taints, func(t Taint) bool {
			return t.Effect != "PreferNoSchedule" && !tolerated[taint{t.Key, t.Value, t.Effect}]
		})
		if away {
			kept = append(kept, n.Name)
		} else {
			able++
		}
	}
	return able, kept
}

// leastMonitor is what a monitor wants at least: Ceph warns of one that has less than 30 percent free of what it is given
// (https://docs.ceph.com/en/latest/rados/configuration/mon-config-ref/#storage-capacity).
const leastMonitor = Size(5 << 30)

// monitorVolume checks that it is on each node on which a daemon of Ceph can come to stand, and outlives a reset there.
func (c *checker) monitorVolume(path *field.Path, name string) {
	if name == "" || c.anyBad(path) {
		return
	}
	if l := c.s.Storage.Longhorn; l != nil && slices.Contains(l.Volumes(), name) {
		c.errorf(path, "%q holds Longhorn's data (storage.longhorn): give Ceph one of its own", name)
	}
	var without []string
	for i, n := range c.s.Nodes {
		v, ok := n.UserVolume(name)
		at := nodePath(i).Child("userVolumes")
		switch {
		case !c.s.Schedulable(n):
		case !ok:
			without = append(without, n.Name)
		case v.Type == VolumeDirectory:
			c.errorf(at, "%s is a directory: what Ceph's monitors know (storage.rookCeph.monitorVolume) would lie on EPHEMERAL, which a reset wipes", name)
		case v.MaxSize > 0 && v.MaxSize < leastMonitor:
			c.errorf(at, "%s of at most %s is too small for a monitor of Ceph (storage.rookCeph.monitorVolume), which wants %s", name, v.MaxSize, leastMonitor)
		}
	}
	if len(without) > 0 {
		c.errorf(path, "%s: %s, where a monitor can come to stand: add it to userVolumes of the nodes that run workloads, or to nodeDefaults", name, missingOn(without))
	}
}

// missingOn says that nodes do not have something.
func missingOn(names []string) string {
	if len(names) == 1 {
		return names[0] + " has no such user volume"
	}
	return quoted(names) + " have no such user volume"
}

// cephFamilies checks that Ceph's two networks are of one family, which is all that it speaks.
func (c *checker) cephFamilies(path *field.Path, ce *RookCeph) {
	public, cluster := ce.PublicNetwork, ce.ClusterNetwork
	if !cluster.IsValid() {
		return
	}
	var six bool
	with := "publicNetwork (" + public.String() + ")"
	if public.IsValid() {
		six = public.Addr().Is6()
	} else {
		n, ok := c.node(firstName(ce.Nodes))
		if !ok || !n.Address.IsValid() {
			return
		}
		six, with = n.Address.Is6(), "the node network, which Ceph's clients use"
	}
	if cluster.Addr().Is6() != six {
		c.errorf(path.Child("clusterNetwork"), "%s is not %s as is %s: Ceph speaks one family", cluster, familyName(six), with)
	}
}

func firstName(nodes []CephNode) string {
	if len(nodes) == 0 {
		return ""
	}
	return nodes[0].Name
}

// cephNetwork checks that every storage node has an address in a network of Ceph's own.
func (c *checker) cephNetwork(path *field.Path, p netip.Prefix, ce *RookCeph) {
	if !p.IsValid() {
		return
	}
	c.canonical(path, p)
	for _, cn := range ce.Nodes {
		n, ok := c.node(cn.Name)
		if !ok {
			continue
		}
		on := slices.ContainsFunc(n.Addresses(), p.Contains)
		for _, l := range n.ExtraLinks {
			on = on || slices.ContainsFunc(l.Addresses, func(q netip.Prefix) bool { return p.Contains(q.Addr()) })
		}
		if !on {
			c.errorf(path, "%s: storage node %s has no address in it; give it one in extraLinks", p, n.Name)
			return
		}
	}
}

// linkedDisk checks that the disk can be found by a link of udev. What does not even name one disk was told already.
func (c *checker) linkedDisk(at *field.Path, d DiskSelector) {
	var unlinked *UnlinkedError
	if _, err := d.LinkPattern(); d.Names() && errors.As(err, &unlinked) {
		path := at
		if unlinked.Field != "" {
			path = at.Child(unlinked.Field)
		}
		c.errorf(path, "%s", unlinked.Reason)
	}
}
