package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// UnlinkedError says that a disk is described by what no link of udev tells.
type UnlinkedError struct {
	// Field is the key that is at fault, or empty for the selector as a whole.
	Field string
	// Reason says why, and what to do.
	Reason string
}

// Error is the reason behind the field, as ".serial: ...".
func (e *UnlinkedError) Error() string {
	if e.Field == "" {
		return ": " + e.Reason
	}
	return "." + e.Field + ": " + e.Reason
}

func unlinked(field, format string, args ...any) error {
	return &UnlinkedError{field, fmt.Sprintf(format, args...)}
}

// LinkPattern is a regular expression for the links that udev makes for the disk, and for those of no other disk; it
// has no anchors. Rook, and whoever makes a ZFS pool, finds a disk by nothing else
// (https://github.com/systemd/systemd/blob/main/rules.d/60-persistent-storage.rules.in):
//
//	serial S73WNJ0W300521D     /dev/disk/by-id/nvme-MODEL_S73WNJ0W300521D, ata-MODEL_..., usb-MODEL_...
//	wwid eui.0025385b21b0ab12  /dev/disk/by-id/nvme-eui.0025385b21b0ab12
//	wwid naa.5000c500a1b2c3d4  /dev/disk/by-id/wwn-0x5000c500a1b2c3d4
//	path                       itself
//
// A SAS disk has no link with its serial number: name it by wwid. A partition has its disk's links with "-part1"
// behind them, and never matches. What a selector says besides the name is for the plan's own checks: no link tells
// it. The error is an [UnlinkedError] when no link tells what the selector says: taking
// another disk than the one that is meant destroys what is on it.
func (d DiskSelector) LinkPattern() (string, error) {
	if d.Path != "" {
		return regexp.QuoteMeta(d.Path), nil
	}
	for _, key := range []struct{ name, value string }{{"serial", d.Serial}, {"wwid", d.WWID}} {
		if key.value == "" {
			continue
		}
		if strings.ContainsAny(key.value, "*?[") {
			return "", unlinked(key.name, "%q is a pattern, and every disk that matches would be taken: write it out", key.value)
		}
	}
	switch {
	case d.WWID != "" && d.Serial != "":
		return "", unlinked("", "serial and wwid are on two different links, of which one is compared: keep one of them")
	case d.Serial != "":
		return serialLink(d.Serial)
	case d.WWID != "":
		return wwidLink(d.WWID)
	default:
		return "", unlinked("", "the disk is found by serial, wwid or path; give one of them")
	}
}

const byID = "/dev/disk/by-id/"

// serialLink is BUS-MODEL_SERIAL. A virtual disk has no model; an NVMe disk may
// have its namespace behind the serial number, and a USB disk its unit.
func serialLink(serial string) (string, error) {
	if namespaceNumber.MatchString(serial) {
		return "", unlinked("serial", "%q cannot be told from the number of an NVMe namespace, which stands last in the links of other disks: "+
			"name the disk by wwid, or by its path below /dev/disk/by-id", serial)
	}
	return byID + "(nvme|ata|scsi|usb|virtio|mmc)-(.+_)?" + regexp.QuoteMeta(linkText(serial)) + "(_[0-9]+|-[0-9]+:[0-9]+)?", nil
}

// namespaceNumber are the serial numbers that could end the link of any NVMe disk.
var namespaceNumber = regexp.MustCompile(`^[0-9]{1,4}$`)

// linkText is a serial number as udev writes it into a link: without spaces around
// it, and with an underscore for whatever a file name should not have.
func linkText(serial string) string {
	return unsafeInLink.ReplaceAllString(strings.Join(strings.Fields(serial), "_"), "_")
}

var unsafeInLink = regexp.MustCompile(`[^0-9A-Za-z#+.:=@_-]`)

// wwidLink follows the kernel's kinds of identifier. What a SATA disk without a
// WWN reports (t10.ATA...) is text padded with blanks, of which no link remains.
func wwidLink(wwid string) (string, error) {
	kind, id, _ := strings.Cut(strings.ToLower(wwid), ".")
	switch kind {
	case "naa":
		return byID + "wwn-0x" + regexp.QuoteMeta(id), nil
	case "eui", "uuid":
		return byID + "nvme-" + regexp.QuoteMeta(kind+"."+id), nil
	case "nvme":
		// The kernel makes it of the vendor, serial number, model and namespace.
		return byID + "nvme-" + regexp.QuoteMeta(wwid), nil
	default:
		return "", unlinked("wwid", "no link below /dev/disk/by-id carries %q: name the disk by serial, or by its path there", wwid)
	}
}
