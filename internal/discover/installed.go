package discover

import (
	"context"
	"fmt"
	"slices"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/protobuf/client"
	"github.com/siderolabs/talos/pkg/machinery/cel"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block/blockhelpers"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"google.golang.org/grpc"
)

// InstalledOn says which disk a machine runs from, by the kernel's path, and whether a config selects it as the install
// disk. The selector is Talos's own to evaluate: its library does it here.
func InstalledOn(ctx context.Context, conn grpc.ClientConnInterface, cfg config.Provider) (path string, selected bool, err error) {
	return installedOn(ctx, state.WrapCore(client.NewAdapter(v1alpha1.NewStateClient(conn))), cfg)
}

func installedOn(ctx context.Context, st state.State, cfg config.Provider) (string, bool, error) {
	system, err := safe.StateGetByID[*block.SystemDisk](ctx, st, block.SystemDiskID)
	if err != nil {
		return "", false, fmt.Errorf("its system disk: %w", err)
	}
	path := system.TypedSpec().DevPath
	expression, plain, err := installSelector(cfg)
	if err != nil {
		return path, false, err
	}
	if expression == nil {
		disk, err := safe.StateGetByID[*block.Disk](ctx, st, system.TypedSpec().DiskID)
		if err != nil {
			return path, false, fmt.Errorf("its system disk: %w", err)
		}
		return path, plain == path || slices.Contains(disk.TypedSpec().Symlinks, plain), nil
	}
	matched, err := blockhelpers.MatchDisks(ctx, st, expression)
	if err != nil {
		return path, false, fmt.Errorf("installDisk: %w", err)
	}
	return path, slices.ContainsFunc(matched, func(d *block.Disk) bool { return d.TypedSpec().DevPath == path }), nil
}

// installSelector is the expression by which a config selects the install disk, or else the disk's path.
func installSelector(cfg config.Provider) (*cel.Expression, string, error) {
	if document := cfg.UnattendedInstallConfig(); document != nil {
		match := document.VolumeSelector()
		return &match, "", nil
	}
	section := cfg.Machine().Install()
	match, err := section.DiskMatchExpression()
	if err != nil {
		return nil, "", fmt.Errorf("installDisk: %w", err)
	}
	return match, section.Disk(), nil
}
