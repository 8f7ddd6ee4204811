package spec

import "net/netip"

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
	// Block is the block storage, class ceph-block.
	Block CephPool `json:"block,omitzero"`
	// Filesystem is the shared file system, class ceph-filesystem.
	Filesystem CephPool `json:"filesystem,omitzero"`
	// ObjectStore is the S3 store, class ceph-bucket.
	ObjectStore CephPool `json:"objectStore,omitzero"`
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

// CephNode is the disks of one node that Ceph takes.
type CephNode struct {
	// Name is the node's name.
	Name string `json:"name" required:"true" example:"worker-1"`
	// Disks selects the disks, each by path, serial number or WWID. Everything on them is lost.
	Disks []DiskSelector `json:"disks" required:"true" min:"1" example:"[{ serial: S73WNJ0W300521D }]"`
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
	// RetainOnDelete keeps a volume's data when its claim is deleted. Default: false.
	RetainOnDelete bool `json:"retainOnDelete,omitempty"`
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

// Domains is how many copies can be kept apart: the storage nodes, or their disks.
func (c *RookCeph) Domains() int {
	if c.FailureDomain != CephOSD {
		return len(c.Nodes)
	}
	disks := 0
	for _, n := range c.Nodes {
		disks += len(n.Disks)
	}
	return disks
}
