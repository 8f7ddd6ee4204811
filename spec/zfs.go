package spec

// ZFS offers local datasets through OpenEBS (https://github.com/openebs/zfs-localpv). The zfs extension and
// kernel module are added to the nodes of the pools by themselves, and the pools are made on the disks that are named.
// What is there already stays as it is: a disk that is not blank is refused, and a pool is neither grown nor changed.
type ZFS struct {
	// Pools are the ZFS pools.
	Pools []ZFSPool `json:"pools" required:"true" min:"1" example:"[{ name: tank, node: worker-1, disks: [{ serial: ZR10A7BC }] }]"`
	// SnapshotSchedules take snapshots of every volume.
	SnapshotSchedules []Schedule `json:"snapshotSchedules,omitempty"`
}

// ZFSPool is one ZFS pool on one node.
type ZFSPool struct {
	// Name is the pool's name.
	Name string `json:"name" required:"true" example:"tank"`
	// Node is the name of the node that holds it.
	Node string `json:"node" required:"true" example:"worker-1"`
	// Disks are the pool's disks, each by path, serial number or WWID. Everything on them is lost.
	Disks []DiskSelector `json:"disks" required:"true" min:"1" example:"[{ serial: ZR10A7BC }]"`
	// Layout is how the disks share the data. Default: mirror with two or more disks, else stripe.
	Layout ZFSLayout `json:"layout,omitempty"`
	// Compression is the datasets' compression. Default: lz4.
	Compression ZFSCompression `json:"compression,omitempty"`
	// SectorShift is the ashift of the pool: 12 for disks with 4 KiB sectors. Default: 12.
	SectorShift int `json:"sectorShift,omitempty" min:"9" max:"16"`
}

func (z *ZFSPool) defaults() { z.Compression, z.SectorShift = "lz4", 12 }

// ZFSLayout is how the disks of a pool share the data.
type ZFSLayout string

// The layouts.
const (
	ZFSStripe ZFSLayout = "stripe"
	ZFSMirror ZFSLayout = "mirror"
	ZFSRaidZ1 ZFSLayout = "raidz1"
	ZFSRaidZ2 ZFSLayout = "raidz2"
	ZFSRaidZ3 ZFSLayout = "raidz3"
)

// Values lists the layouts.
func (ZFSLayout) Values() []string { return []string{"stripe", "mirror", "raidz1", "raidz2", "raidz3"} }

// ZFSCompression is a dataset's compression.
type ZFSCompression string

// Values lists the kinds.
func (ZFSCompression) Values() []string { return []string{"off", "lz4", "zstd"} }
