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
	Name string `json:"name" required:"true" example:"longhorn"`
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

func (v *UserVolume) defaults() { v.Filesystem = "xfs" }

// Limited reports whether it leaves room on its disk.
func (v *UserVolume) Limited() bool { return v.MaxSize > 0 || v.MaxPercent > 0 }

// MountPath is where the volume is mounted on the node.
func (v UserVolume) MountPath() string { return "/var/mnt/" + v.Name }

// Filesystem is a kind of file system.
type Filesystem string

// Values lists the kinds.
func (Filesystem) Values() []string { return []string{"xfs", "ext4"} }
