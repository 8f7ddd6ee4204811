package spec

import "strings"

// DiskSelector finds one disk of a node. Every given key must match; Talos takes the first disk that does.
// Serial number and WWID name one disk for ever; a kernel name such as /dev/sda may name another one after
// the next boot, a link below /dev/disk/by-id does not. See `talosctl get disks` for the values.
type DiskSelector struct {
	// Path is the device, for example /dev/nvme0n1 or a stable link below /dev/disk/by-id. It stands alone.
	Path string `json:"path,omitempty" example:"/dev/disk/by-id/nvme-eui.0025385b21b0ab12"`
	// Serial is the serial number, as the disk tells it; "*" stands for any characters.
	Serial string `json:"serial,omitempty" example:"S5GXNF0R123456A"`
	// WWID is the world-wide identifier, such as naa.5000c500a1b2c3d4 or eui.0025385b21b0ab12.
	WWID string `json:"wwid,omitempty" example:"eui.0025385b21b0ab12"`
	// Model is the model's name; "*" stands for any characters.
	Model string `json:"model,omitempty" example:"Samsung SSD 980*"`
	// BusPath is where the disk is attached; "*" stands for any characters.
	BusPath string `json:"busPath,omitempty" example:"/pci0000:00/0000:00:17.0/ata1/*"`
	// Type is the kind of disk. Mind that ssd means "does not rotate" and therefore matches NVMe too.
	Type DiskType `json:"type,omitempty"`
	// MinSize is the smallest size that matches. The install disk takes MinSize or MaxSize, not both, because
	// Talos's installer compares the size only once.
	MinSize Size `json:"minSize,omitempty" example:"100GB"`
	// MaxSize is the largest size that matches.
	MaxSize Size `json:"maxSize,omitempty" example:"600GB"`
}

// IsZero reports whether nothing is selected.
func (d DiskSelector) IsZero() bool { return d == DiskSelector{} }

// Names reports whether the selector names one particular disk, whatever else is in the machine.
func (d DiskSelector) Names() bool {
	return d.Path != "" || exact(d.Serial) || exact(d.WWID)
}

// exact reports whether a pattern has no wildcards.
func exact(pattern string) bool { return pattern != "" && !strings.ContainsAny(pattern, "*?[") }

// DiskType is a kind of disk, as Talos tells them apart.
type DiskType string

// The kinds.
const (
	DiskNVMe DiskType = "nvme"
	DiskSSD  DiskType = "ssd"
	DiskHDD  DiskType = "hdd"
	DiskSD   DiskType = "sd"
)

// Values lists the kinds.
func (DiskType) Values() []string { return []string{"nvme", "ssd", "hdd", "sd"} }
