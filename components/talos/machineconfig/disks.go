package machineconfig

import (
	"fmt"

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
	return cel.ParseBooleanExpression(disk.CEL(), celenv.DiskLocator())
}
