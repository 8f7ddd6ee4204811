package spec

import (
	"net/netip"
	"slices"
)

// RookCeph runs Ceph (https://rook.io).
type RookCeph struct {
	// Nodes says which disks of which nodes Ceph takes whole.
	Nodes []CephNode `json:"nodes" required:"true" min:"1" example:"[{ name: worker-1, disks: [{ serial: S73WNJ0W300521D }] }]"`
	// Replicas is how many copies of each piece of data are kept, on different nodes. Default: 3, or the number
	// of storage nodes if smaller.
	Replicas int `json:"replicas,omitempty" min:"1" max:"9"`
	// FailureDomain is what no two copies share: host, or osd (one disk) for a cluster whose disks are in one machine.
	// Default: host.
	FailureDomain CephFailureDomain `json:"failureDomain,omitempty"`
	// Monitors is how many monitors keep the cluster map, an odd number on different nodes. Default: 3, or 1
	// with fewer than three nodes that run workloads.
	Monitors int `json:"monitors,omitempty" min:"1" max:"9"`
	// MonitorsShareNodes lets several monitors stand on one node, for a cluster of fewer than three machines: a lost node
	// can then take the majority with it. Default: false.
	MonitorsShareNodes bool `json:"monitorsShareNodes,omitempty"`
	// MonitorVolume is the user volume, present on every node that runs workloads, in which monitors keep what they know, so
	// that Ceph survives a reset of all nodes: its disks are worth nothing without. 10 GiB are plenty. It stays as it is for
	// as long as this Ceph lives. Default: none, and it lies on EPHEMERAL, which a reset wipes.
	MonitorVolume string `json:"monitorVolume,omitempty" form:"volume" example:"ceph"`
	// Block is the block storage, class ceph-block.
	Block CephPool `json:"block,omitzero"`
	// Filesystem is the shared file system, class ceph-filesystem.
	Filesystem CephPool `json:"filesystem,omitzero"`
	// ObjectStore is the S3 store, class ceph-bucket.
	ObjectStore CephPool `json:"objectStore,omitzero"`
	// Pools are further pools, each with a class of its own, ceph-NAME: on disks of another kind, with other copies, or
	// with erasure coding.
	Pools []CephExtraPool `json:"pools,omitempty" example:"[{ name: bulk, deviceClass: hdd }]"`
	// Dashboard serves Ceph's web page at the internal gateway. Default: true.
	Dashboard bool `json:"dashboard,omitempty"`
	// Encrypted encrypts the disks with dm-crypt. Default: false.
	Encrypted bool `json:"encrypted,omitempty"`
	// PublicNetwork moves Ceph's traffic with its clients to a network of the nodes' extra links. Default: the
	// node network, by host networking off.
	PublicNetwork netip.Prefix `json:"publicNetwork,omitzero" example:"10.1.0.0/24"`
	// ClusterNetwork moves the replication between disks to a network of the nodes' extra links.
	ClusterNetwork netip.Prefix `json:"clusterNetwork,omitzero" example:"10.1.1.0/24"`
	// SnapshotSchedules take snapshots of block volumes.
	SnapshotSchedules []Schedule `json:"snapshotSchedules,omitempty"`
}

func (c *RookCeph) defaults() {
	c.Dashboard = true
	c.FailureDomain = CephHost
	c.Block.Enabled, c.Filesystem.Enabled = true, true
}

// DataDir is where Ceph's daemons keep what they know on a node.
func (c *RookCeph) DataDir() string {
	if c.MonitorVolume == "" {
		return "/var/lib/rook"
	}
	return UserVolume{Name: c.MonitorVolume}.MountPath()
}

// CephNode is the disks of one node that Ceph takes.
type CephNode struct {
	// Name is the node's name.
	Name string `json:"name" required:"true" example:"worker-1"`
	// Disks selects the disks, each by path, serial number or WWID. Everything on them is lost. Give these or Matching.
	Disks []DiskSelector `json:"disks,omitempty" example:"[{ serial: S73WNJ0W300521D }]"`
	// Matching takes every disk with a link that matches, also one that is added later: for machines with many disks of one
	// kind. Rook leaves alone what has partitions or a file system. `homeops doctor` shows which disks match.
	Matching []DiskPattern `json:"matching,omitempty" example:"[/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_*]"`
}

// CephPool is one kind of Ceph storage.
type CephPool struct {
	// Enabled offers it. Default: true for block and filesystem, false for objectStore.
	Enabled bool `json:"enabled,omitempty"`
	// Replicas is how many copies are kept. Default: those of RookCeph.
	Replicas int `json:"replicas,omitempty" min:"1" max:"9"`
	// DeviceClass keeps the data on disks of one kind. Default: any.
	DeviceClass CephDeviceClass `json:"deviceClass,omitempty"`
	// Compression compresses data on the disks. Default: false.
	Compression bool `json:"compression,omitempty"`
	// RetainOnDelete keeps a volume's data when its claim is deleted, and that of its snapshots. Default: false.
	RetainOnDelete bool `json:"retainOnDelete,omitempty"`
	// ErasureCoding keeps chunks and checksums instead of copies, in the object store's data. Block volumes and file
	// systems take it from a pool of Pools, because their first pool holds what it cannot keep. Default: copies.
	ErasureCoding *CephErasureCoding `json:"erasureCoding,omitempty"`
}

// CephExtraPool is a further pool, with a class of its own.
type CephExtraPool struct {
	// Name is the end of the class's name: bulk makes ceph-bulk.
	Name string `json:"name" form:"label" required:"true" example:"bulk"`
	// Kind is block (volumes for one node at a time) or filesystem (for many at once). Default: block.
	Kind CephPoolKind `json:"kind,omitempty"`
	// Replicas is how many copies are kept; with ErasureCoding, of a block pool's metadata. Default: those of RookCeph.
	Replicas int `json:"replicas,omitempty" min:"1" max:"9"`
	// DeviceClass keeps the data on disks of one kind. Default: any.
	DeviceClass CephDeviceClass `json:"deviceClass,omitempty"`
	// Compression compresses data on the disks. Default: false.
	Compression bool `json:"compression,omitempty"`
	// RetainOnDelete keeps a volume's data when its claim is deleted. Default: false.
	RetainOnDelete bool `json:"retainOnDelete,omitempty"`
	// ErasureCoding keeps chunks and checksums instead of copies. It cannot be changed later. Default: copies.
	ErasureCoding *CephErasureCoding `json:"erasureCoding,omitempty"`
}

func (p *CephExtraPool) defaults() { p.Kind = CephPoolBlock }

// Pool is how it keeps data.
func (p CephExtraPool) Pool() CephPool {
	return CephPool{
		Enabled: true, Replicas: p.Replicas, DeviceClass: p.DeviceClass, Compression: p.Compression,
		RetainOnDelete: p.RetainOnDelete, ErasureCoding: p.ErasureCoding,
	}
}

// Class is the name of its storage class.
func (p CephExtraPool) Class() string { return "ceph-" + p.Name }

// CephPoolKind is what a further pool serves.
type CephPoolKind string

// The kinds.
const (
	CephPoolBlock      CephPoolKind = "block"
	CephPoolFilesystem CephPoolKind = "filesystem"
)

// Values lists the kinds.
func (CephPoolKind) Values() []string { return []string{"block", "filesystem"} }

// CephErasureCoding divides each piece of data into chunks and adds checksums, all on different nodes or disks: 4 and 2
// take half as much room again as the data, and bear the loss of two
// (https://docs.ceph.com/en/latest/rados/operations/erasure-code/).
type CephErasureCoding struct {
	// DataChunks is into how many chunks a piece of data is divided.
	DataChunks int `json:"dataChunks" required:"true" min:"2" max:"16" example:"4"`
	// CodingChunks is how many chunks may be lost.
	CodingChunks int `json:"codingChunks" required:"true" min:"1" max:"8" example:"2"`
}

// HasBlock reports whether there are block volumes, in the first pool or a further one.
func (c *RookCeph) HasBlock() bool {
	return c.Block.Enabled || slices.ContainsFunc(c.Pools, func(p CephExtraPool) bool { return p.Kind == CephPoolBlock })
}

// CephFailureDomain is what no two copies of a piece of data share.
type CephFailureDomain string

// The domains.
const (
	CephHost CephFailureDomain = "host"
	CephOSD  CephFailureDomain = "osd"
)

// Values lists the domains.
func (CephFailureDomain) Values() []string { return []string{"host", "osd"} }

// CephDeviceClass is a kind of disk, as Ceph tells them apart
// (https://docs.ceph.com/en/latest/rados/operations/crush-map/#device-classes).
type CephDeviceClass string

// Values lists the kinds.
func (CephDeviceClass) Values() []string { return []string{"nvme", "ssd", "hdd"} }

// Domains is how many copies can be kept apart: the storage nodes, or their disks, of which a pattern stands for one.
func (c *RookCeph) Domains() int {
	if c.FailureDomain != CephOSD {
		return len(c.Nodes)
	}
	disks := 0
	for _, n := range c.Nodes {
		disks += len(n.Disks) + len(n.Matching)
	}
	return disks
}

// Counted reports whether the stack file says how many disks there are, as no pattern does.
func (c *RookCeph) Counted() bool {
	return !slices.ContainsFunc(c.Nodes, func(n CephNode) bool { return len(n.Matching) > 0 })
}

// csiDriversApart is the first Rook that leaves Ceph's CSI drivers to a chart of their own
// (https://github.com/rook/rook/blob/v1.20.3/Documentation/Upgrade/rook-upgrade.md).
const csiDriversApart = Version("v1.20.0")

// HasCSIDriversChart reports whether the stack's Ceph has its CSI drivers from a chart of their own.
func (s *Stack) HasCSIDriversChart() bool {
	return s.Storage.RookCeph != nil && s.Versions.RookCeph.Reaches(csiDriversApart)
}
