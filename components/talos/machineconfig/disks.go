package machineconfig

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/cel"
	"github.com/siderolabs/talos/pkg/machinery/cel/celenv"

	"github.com/home-ops/home-ops/spec"
)

// volumeExpression selects the disk of a user volume.
func volumeExpression(volume spec.UserVolume) (cel.Expression, error) {
	if volume.Match != "" {
		expression, err := cel.ParseBooleanExpression(volume.Match, celenv.DiskLocator())
		if err != nil {
			return cel.Expression{}, fmt.Errorf("match: %w", err)
		}
		return expression, nil
	}
	expression, err := diskExpression(volume.Disk)
	if err != nil {
		return cel.Expression{}, fmt.Errorf("disk: %w", err)
	}
	return expression, nil
}

// diskExpression says in CEL what a selector says in the install section, where
// Talos builds the same expression itself.
func diskExpression(disk spec.DiskSelector) (cel.Expression, error) {
	var terms []string
	term := func(format string, args ...any) { terms = append(terms, fmt.Sprintf(format, args...)) }

	switch {
	case strings.HasPrefix(disk.Path, "/dev/disk/"):
		term("%s in disk.symlinks", strconv.Quote(disk.Path))
	case disk.Path != "":
		term("disk.dev_path == %s", strconv.Quote(disk.Path))
	}
	for _, match := range []struct{ field, pattern string }{
		{"serial", disk.Serial}, {"wwid", disk.WWID}, {"model", disk.Model}, {"bus_path", disk.BusPath},
	} {
		if match.pattern != "" {
			term("glob(%s, disk.%s)", strconv.Quote(match.pattern), match.field)
		}
	}
	switch disk.Type {
	case spec.DiskNVMe:
		term(`disk.transport == "nvme"`)
	case spec.DiskSD:
		term(`disk.transport == "mmc"`)
	case spec.DiskHDD:
		term("disk.rotational")
	case spec.DiskSSD:
		term("!disk.rotational")
	}
	if disk.MinSize != 0 {
		term("disk.size >= %du", disk.MinSize.Bytes())
	}
	if disk.MaxSize != 0 {
		term("disk.size <= %du", disk.MaxSize.Bytes())
	}
	return cel.ParseBooleanExpression(strings.Join(terms, " && "), celenv.DiskLocator())
}
