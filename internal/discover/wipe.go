package discover

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"

	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
)

// Wipe empties disks of a machine in maintenance mode, by their paths below /dev: all or none. Every block is set to zero, by the disk
// itself where it can, else for hours; it returns when that is done, and for the whole time nothing is heard. The fast way would
// leave the labels that Ceph writes to further places of a disk (bluestore_bdev_label_multi, from v19 on).
func Wipe(ctx context.Context, at netip.AddrPort, paths []string) error {
	conn, err := dial(at)
	if err != nil {
		return err
	}
	defer conn.Close()
	var devices []*storageapi.BlockDeviceWipeDescriptor
	for _, path := range paths {
		devices = append(devices, &storageapi.BlockDeviceWipeDescriptor{
			Device: filepath.Base(path), Method: storageapi.BlockDeviceWipeDescriptor_ZEROES,
		})
	}
	if _, err := storageapi.NewStorageServiceClient(conn).BlockDeviceWipe(ctx, &storageapi.BlockDeviceWipeRequest{Devices: devices}); err != nil {
		return fmt.Errorf("%s: wipe %v: %w", at.Addr(), paths, err)
	}
	return nil
}
