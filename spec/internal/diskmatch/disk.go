package diskmatch

import (
	"regexp"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/api/resource/definitions/block"
)

// disk is a disk that a machine could have.
type disk struct {
	texts                       map[string]string
	sizes                       map[string]uint64
	links                       []string
	rotational, readonly, cdrom bool
	system                      bool
}

var textProperties = map[string]bool{
	"model": true, "serial": true, "modalias": true, "wwid": true, "bus_path": true, "sub_system": true,
	"transport": true, "dev_path": true, "uuid": true, links: true,
}

var (
	sizeProperties = []string{"size", "io_size", "sector_size"}
	flags          = []string{"rotational", "readonly", "cdrom", system}
)

func (d *disk) spec() *block.DiskSpec {
	return &block.DiskSpec{
		Size: d.sizes["size"], IoSize: d.sizes["io_size"], SectorSize: d.sizes["sector_size"],
		Readonly: d.readonly, Rotational: d.rotational, Cdrom: d.cdrom,
		Model: d.texts["model"], Serial: d.texts["serial"], Modalias: d.texts["modalias"], Wwid: d.texts["wwid"],
		BusPath: d.texts["bus_path"], SubSystem: d.texts["sub_system"], Transport: d.texts["transport"],
		DevPath: d.texts["dev_path"], Uuid: d.texts["uuid"], Symlinks: d.links,
	}
}

func (d *disk) set(flag string, on bool) {
	switch flag {
	case "rotational":
		d.rotational = on
	case "readonly":
		d.readonly = on
	case "cdrom":
		d.cdrom = on
	case system:
		d.system = on
	}
}

// exists reports whether the disk's properties go together. The names of udev's links carry bus, model and serial
// number (https://github.com/systemd/systemd/blob/main/rules.d/60-persistent-storage.rules.in).
func (d *disk) exists() bool {
	kinds := map[string]bool{}
	note := func(kind string) {
		if kind != "" {
			kinds[kind] = true
		}
	}
	note(kindOfTransport(d.texts["transport"]))
	note(kindOfDevice(d.texts["dev_path"]))
	note(kindOfWWID(d.texts["wwid"]))
	for _, link := range d.links {
		l, ok := parseLink(link)
		if !ok {
			continue
		}
		note(l.kind)
		if !l.carries(d.texts["model"], d.texts["serial"]) || !l.identifies(d.texts["wwid"]) {
			return false
		}
	}
	return len(kinds) <= 1 && (!d.rotational || !kinds["nvme"] && !kinds["mmc"])
}

func kindOfTransport(transport string) string {
	switch transport {
	case "":
		return ""
	case "nvme", "mmc", "virtio":
		return transport
	default:
		return "scsi"
	}
}

func kindOfDevice(path string) string {
	for prefix, kind := range map[string]string{"/dev/nvme": "nvme", "/dev/mmcblk": "mmc", "/dev/vd": "virtio", "/dev/sd": "scsi"} {
		if strings.HasPrefix(path, prefix) {
			return kind
		}
	}
	return ""
}

func kindOfWWID(wwid string) string {
	switch {
	case strings.HasPrefix(wwid, "naa."):
		return "scsi"
	case strings.HasPrefix(wwid, "eui.") || strings.HasPrefix(wwid, "nvme."):
		return "nvme"
	}
	return ""
}

// link is a name below /dev/disk/by-id.
type link struct {
	kind string
	// rest is what follows the bus: the model and the serial number, with underscores.
	rest string
	// id is a world-wide identifier, in the kernel's form.
	id string
}

func parseLink(path string) (link, bool) {
	name, ok := strings.CutPrefix(path, "/dev/disk/by-id/")
	if !ok {
		return link{}, false
	}
	switch {
	case strings.HasPrefix(name, "wwn-0x"):
		return link{kind: "scsi", id: "naa." + name[len("wwn-0x"):]}, true
	case strings.HasPrefix(name, "nvme-eui."), strings.HasPrefix(name, "nvme-nvme."), strings.HasPrefix(name, "nvme-uuid."):
		return link{kind: "nvme", id: name[len("nvme-"):]}, true
	}
	bus, rest, ok := strings.Cut(name, "-")
	kind := map[string]string{"nvme": "nvme", "ata": "scsi", "scsi": "scsi", "usb": "scsi", "virtio": "virtio", "mmc": "mmc"}[bus]
	return link{kind: kind, rest: rest}, ok && kind != ""
}

// model is what the link says before the last underscore, where the serial number stands.
func (l link) model() string {
	if i := strings.LastIndex(l.rest, "_"); i > 0 {
		return strings.ReplaceAll(l.rest[:i], "_", " ")
	}
	return ""
}

func (l link) carries(model, serial string) bool {
	if l.rest == "" {
		return true
	}
	return (model == "" || strings.HasPrefix(l.rest, linkText(model)+"_")) &&
		(serial == "" || strings.Contains(l.rest+"_", linkText(serial)+"_"))
}

func (l link) identifies(wwid string) bool {
	return l.id == "" || wwid == "" || strings.EqualFold(l.id, wwid)
}

var unsafeInLink = regexp.MustCompile(`[^0-9A-Za-z#+.:=@_-]`)

func linkText(s string) string {
	return unsafeInLink.ReplaceAllString(strings.Join(strings.Fields(s), "_"), "_")
}
