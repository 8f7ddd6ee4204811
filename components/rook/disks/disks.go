// Package disks translates how a stack names a disk into how Rook finds it.
//
// Rook knows neither serial numbers nor WWIDs: it compares the links that udev
// makes for a disk. So a filter is a regular expression over these links, and as
// exact as they allow
// (https://github.com/systemd/systemd/blob/main/rules.d/60-persistent-storage.rules.in):
//
//	serial S73WNJ0W300521D     /dev/disk/by-id/nvme-MODEL_S73WNJ0W300521D, ata-MODEL_..., usb-MODEL_...
//	wwid eui.0025385b21b0ab12  /dev/disk/by-id/nvme-eui.0025385b21b0ab12
//	wwid naa.5000c500a1b2c3d4  /dev/disk/by-id/wwn-0x5000c500a1b2c3d4
//	path                       itself
//
// A SAS disk has no link with its serial number: name it by wwid.
// A partition has its disk's links with "-part1" behind them, and never matches.
package disks

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Filter is the regular expression that matches exactly these disks of a node,
// for devicePathFilter. It is an error when a disk is described by what no link
// tells: taking another disk than the one that is meant destroys what is on it.
// The errors begin with "[0]", the disk's place among the selectors.
func Filter(selectors []spec.DiskSelector) (string, error) {
	var patterns []string
	var errs []error
	for i, selector := range selectors {
		pattern, err := linkPattern(selector)
		if err != nil {
			errs = append(errs, fmt.Errorf("[%d]%w", i, err))
			continue
		}
		patterns = append(patterns, pattern)
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	if len(patterns) == 1 {
		return "^" + patterns[0] + "$", nil
	}
	return "^(" + strings.Join(patterns, "|") + ")$", nil
}

// linkPattern matches the link of one disk. Its errors begin with the key that is
// at fault.
func linkPattern(d spec.DiskSelector) (string, error) {
	if d.Path != "" {
		return regexp.QuoteMeta(d.Path), nil
	}
	var named []string
	for _, key := range []struct{ name, value string }{{"serial", d.Serial}, {"wwid", d.WWID}} {
		if key.value == "" {
			continue
		}
		if strings.ContainsAny(key.value, "*?[") {
			return "", fmt.Errorf(".%s: %q is a pattern, and Ceph takes every disk that matches: write it out", key.name, key.value)
		}
		named = append(named, key.name)
	}
	if extra := descriptions(d); len(extra) > 0 && len(named) > 0 {
		return "", fmt.Errorf(".%s: Rook cannot check it; %s names the disk already, so drop it", extra[0], named[0])
	}
	switch {
	case d.WWID != "" && d.Serial != "":
		return "", errors.New(": serial and wwid are on two different links, of which Rook compares one: keep one of them")
	case d.Serial != "":
		return serialLink(d.Serial)
	case d.WWID != "":
		return wwidLink(d.WWID)
	default:
		return "", errors.New(": Rook finds a disk by serial, wwid or path; give one of them")
	}
}

// descriptions are the keys that tell what kind of disk it is, and not which.
func descriptions(d spec.DiskSelector) []string {
	var keys []string
	for _, key := range []struct {
		name  string
		given bool
	}{
		{"model", d.Model != ""},
		{"busPath", d.BusPath != ""},
		{"type", d.Type != ""},
		{"minSize", d.MinSize > 0},
		{"maxSize", d.MaxSize > 0},
	} {
		if key.given {
			keys = append(keys, key.name)
		}
	}
	return keys
}

const byID = "/dev/disk/by-id/"

// serialLink is BUS-MODEL_SERIAL. A virtual disk has no model; an NVMe disk may
// have its namespace behind the serial number, and a USB disk its unit.
func serialLink(serial string) (string, error) {
	if namespaceNumber.MatchString(serial) {
		return "", fmt.Errorf(".serial: %q cannot be told from the number of an NVMe namespace, which stands last in the links of other disks: "+
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
		return "", fmt.Errorf(".wwid: no link below /dev/disk/by-id carries %q: name the disk by serial, or by its path there", wwid)
	}
}
