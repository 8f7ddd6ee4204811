package spec

// SystemVolume limits or moves a volume of Talos's own.
type SystemVolume struct {
	// Disk holds the volume. Default: the install disk.
	Disk DiskSelector `json:"disk,omitzero"`
	// MinSize is the least that it is made with.
	MinSize Size `json:"minSize,omitempty" example:"20GiB"`
	// MaxSize is the most that it takes. Default: all that is free.
	MaxSize Size `json:"maxSize,omitempty" example:"100GiB"`
	// MaxPercent is MaxSize in percent of the disk's room, for machines with disks of different sizes. It wants Talos v1.12.
	MaxPercent int `json:"maxPercent,omitempty" min:"1" max:"99" example:"50"`
}

// Limited reports whether it leaves room on its disk.
func (v *SystemVolume) Limited() bool { return v.MaxSize > 0 || v.MaxPercent > 0 }

// UserVolume is a file system of the node's own, mounted at /var/mnt/NAME
// (https://www.talos.dev/latest/talos-guides/configuration/disk-management/).
type UserVolume struct {
	// Name is the mount point below /var/mnt: 1 to 34 letters, digits and dashes.
	Name string `json:"name" form:"volume" required:"true" example:"longhorn"`
	// Type is partition, disk (a disk as a whole, without a partition table) or directory (a folder on EPHEMERAL, which a
	// reset wipes). The last two want Talos v1.12. Default: partition.
	Type VolumeType `json:"type,omitempty"`
	// Disk selects the disk. Give it or Match.
	Disk DiskSelector `json:"disk,omitzero"`
	// Match selects the disk by a CEL expression over disk.*, for what Disk cannot say, such as
	// "disk.transport == 'nvme' && !system_disk".
	Match string `json:"match,omitempty" example:"disk.transport == 'nvme' && !system_disk"`
	// MinSize is the least that the volume is made with: a volume wants MinSize or MaxSize.
	MinSize Size `json:"minSize,omitempty" example:"50GiB"`
	// MaxSize is the most that it takes. Default: all that is free, with Grow.
	MaxSize Size `json:"maxSize,omitempty" example:"500GiB"`
	// MaxPercent is MaxSize in percent of the disk's room, for machines with disks of different sizes. It wants Talos v1.12.
	MaxPercent int `json:"maxPercent,omitempty" min:"1" max:"99" example:"50"`
	// Grow extends the volume when the disk has more room. Default: false.
	Grow bool `json:"grow,omitempty"`
	// Filesystem is xfs or ext4. Default: xfs.
	Filesystem Filesystem `json:"filesystem,omitempty"`
	// Encryption encrypts the volume.
	Encryption *VolumeEncryption `json:"encryption,omitempty"`
}

func (v *UserVolume) defaults() { v.Type, v.Filesystem = VolumePartition, "xfs" }

// Limited reports whether it leaves room on its disk.
func (v *UserVolume) Limited() bool { return v.MaxSize > 0 || v.MaxPercent > 0 }

// MountPath is where the volume is mounted on the node.
func (v UserVolume) MountPath() string { return "/var/mnt/" + v.Name }

// VolumeType is what a user volume is made of.
type VolumeType string

// The types.
const (
	VolumePartition VolumeType = "partition"
	VolumeDisk      VolumeType = "disk"
	VolumeDirectory VolumeType = "directory"
)

// Values lists the types.
func (VolumeType) Values() []string { return []string{"partition", "disk", "directory"} }

// RawVolume is a partition without a file system, for storage that lays it out itself; it appears as
// /dev/disk/by-partlabel/r-NAME
// (https://www.talos.dev/latest/reference/configuration/block/rawvolumeconfig/).
type RawVolume struct {
	// Name is the end of the partition's label: 1 to 34 letters, digits and dashes.
	Name string `json:"name" form:"volume" required:"true" example:"openebs"`
	// Disk selects the disk. Give it or Match.
	Disk DiskSelector `json:"disk,omitzero"`
	// Match selects the disk by a CEL expression over disk.*, for what Disk cannot say.
	Match string `json:"match,omitempty" example:"disk.transport == 'nvme' && !system_disk"`
	// MinSize is the least that the volume is made with: a volume wants MinSize or MaxSize.
	MinSize Size `json:"minSize,omitempty" example:"50GiB"`
	// MaxSize is the most that it takes. Default: all that is free, with Grow.
	MaxSize Size `json:"maxSize,omitempty" example:"500GiB"`
	// MaxPercent is MaxSize in percent of the disk's room. It wants Talos v1.12.
	MaxPercent int `json:"maxPercent,omitempty" min:"1" max:"99" example:"50"`
	// Grow extends the volume when the disk has more room. Default: false.
	Grow bool `json:"grow,omitempty"`
	// Encryption encrypts the volume.
	Encryption *VolumeEncryption `json:"encryption,omitempty"`
}

// Partition is the volume with what it shares with a user volume.
func (v RawVolume) Partition() UserVolume {
	return UserVolume{
		Name: v.Name, Type: VolumePartition, Disk: v.Disk, Match: v.Match, MinSize: v.MinSize, MaxSize: v.MaxSize,
		MaxPercent: v.MaxPercent, Grow: v.Grow, Encryption: v.Encryption,
	}
}

// Filesystem is a kind of file system.
type Filesystem string

// Values lists the kinds.
func (Filesystem) Values() []string { return []string{"xfs", "ext4"} }
