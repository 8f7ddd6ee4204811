package talos

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/siderolabs/talos/pkg/machinery/cel"
	"github.com/siderolabs/talos/pkg/machinery/cel/celenv"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block/blockhelpers"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
)

// machineDisks is talos:machine/getDisks:getDisks: the disks of a node that a CEL expression selects.
func machineDisks() function {
	integer := shape{valueType: integerType}
	disk := object(map[resource.PropertyKey]shape{
		"devPath": text(), "size": integer, "prettySize": text(), "ioSize": integer, "sectorSize": integer,
		"readonly": flag(), "cdrom": flag(), "model": text(), "serial": text(), "modalias": text(), "wwid": text(),
		"uuid": text(), "busPath": text(), "subSystem": text(), "transport": text(), "rotational": flag(),
		"secondaryDisks": list(text()), "symlinks": list(text()),
	})
	arguments := map[resource.PropertyKey]shape{
		"node": text().isRequired(), "endpoint": text(), "selector": text(),
		"clientConfiguration": clientConfiguration().isRequired(), "timeouts": timeouts("read"),
	}
	result := map[resource.PropertyKey]shape{"id": text(), "disks": list(disk)}
	for key, argument := range arguments {
		result[key] = argument
	}
	return function{arguments: object(arguments), result: object(result), call: readDisks}
}

func readDisks(ctx context.Context, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	node, err := machineIn(arguments)
	if err != nil {
		return nil, err
	}
	timeout, err := timeoutFor(arguments, "read")
	if err != nil {
		return nil, err
	}
	selector := textAt(arguments, "selector")
	if selector == "" {
		selector = "true"
	}
	expression, err := cel.ParseBooleanExpression(selector, celenv.DiskLocator())
	if err != nil {
		return nil, fmt.Errorf("selector: %w", err)
	}

	var disks []*block.Disk
	if err := node.retry(ctx, timeout, func(ctx context.Context, c *client.Client) error {
		var err error
		disks, err = blockhelpers.MatchDisks(ctx, c.COSI, &expression)
		return err
	}); err != nil {
		return nil, diagnostic{"failed to get list of disks", err}
	}

	values := make([]resource.PropertyValue, 0, len(disks))
	for _, disk := range disks {
		values = append(values, diskProperties(disk.TypedSpec()))
	}
	state := withID(arguments, "machine_disks")
	state["endpoint"] = resource.NewStringProperty(node.endpoint)
	state["disks"] = resource.NewArrayProperty(values)
	return state, nil
}

func diskProperties(disk *block.DiskSpec) resource.PropertyValue {
	texts := func(values []string) []any {
		list := make([]any, 0, len(values))
		for _, value := range values {
			list = append(list, value)
		}
		return list
	}
	return resource.NewPropertyValue(map[string]any{
		"devPath": disk.DevPath, "size": float64(disk.Size), "prettySize": disk.PrettySize,
		"ioSize": float64(disk.IOSize), "sectorSize": float64(disk.SectorSize),
		"readonly": disk.Readonly, "cdrom": disk.CDROM, "model": disk.Model, "serial": disk.Serial,
		"modalias": disk.Modalias, "wwid": disk.WWID, "uuid": disk.UUID, "busPath": disk.BusPath,
		"subSystem": disk.SubSystem, "transport": disk.Transport, "rotational": disk.Rotational,
		"secondaryDisks": texts(disk.SecondaryDisks), "symlinks": texts(disk.Symlinks),
	})
}
