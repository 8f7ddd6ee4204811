package spec

import (
	"fmt"
	"strconv"
	"strings"
)

// CEL is the expression that chooses the same disks as the selector, in the form in which Talos makes it of an install
// disk's selector. It is empty for an empty selector.
func (d DiskSelector) CEL() string {
	var terms []string
	term := func(format string, args ...any) { terms = append(terms, fmt.Sprintf(format, args...)) }
	switch {
	case strings.HasPrefix(d.Path, "/dev/disk/"):
		term("%s in disk.symlinks", strconv.Quote(d.Path))
	case d.Path != "":
		term("disk.dev_path == %s", strconv.Quote(d.Path))
	}
	for _, match := range []struct{ field, pattern string }{
		{"serial", d.Serial}, {"wwid", d.WWID}, {"model", d.Model}, {"bus_path", d.BusPath},
	} {
		if match.pattern != "" {
			term("glob(%s, disk.%s)", strconv.Quote(match.pattern), match.field)
		}
	}
	switch d.Type {
	case DiskNVMe:
		term(`disk.transport == "nvme"`)
	case DiskSD:
		term(`disk.transport == "mmc"`)
	case DiskHDD:
		term("disk.rotational")
	case DiskSSD:
		term("!disk.rotational")
	}
	if d.MinSize != 0 {
		term("disk.size >= %du", d.MinSize.Bytes())
	}
	if d.MaxSize != 0 {
		term("disk.size <= %du", d.MaxSize.Bytes())
	}
	return strings.Join(terms, " && ")
}
