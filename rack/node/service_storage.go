package node

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/cosi-project/runtime/pkg/safe"
	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// storageService lists the disks and wipes them, in both phases.
type storageService struct {
	storageapi.UnimplementedStorageServiceServer
	session *session
}

var diskTypes = map[DiskType]storageapi.Disk_DiskType{
	DiskNVMe: storageapi.Disk_NVME,
	DiskSSD:  storageapi.Disk_SSD,
	DiskHDD:  storageapi.Disk_HDD,
	DiskSD:   storageapi.Disk_SD,
}

// Disks lists the machine's disks.
func (s *storageService) Disks(context.Context, *emptypb.Empty) (*storageapi.DisksResponse, error) {
	var disks []*storageapi.Disk
	for _, disk := range s.session.node.Disks() {
		disks = append(disks, &storageapi.Disk{
			DeviceName: disk.Path,
			Size:       disk.Size,
			Type:       diskTypes[disk.Type],
			Model:      disk.Model,
			Serial:     disk.Serial,
			Wwid:       disk.WWID,
			Uuid:       disk.UUID,
			Modalias:   disk.Modalias,
			BusPath:    disk.BusPath,
			Subsystem:  "/sys/class/block",
			Readonly:   disk.ReadOnly,
			SystemDisk: s.session.installed != nil && s.session.installed.Disk == disk.Path,
		})
	}
	return &storageapi.DisksResponse{Messages: []*storageapi.Disks{{Disks: disks}}}, nil
}

// BlockDeviceWipe wipes disks that no volume is on, all or none. The fast method takes away what the beginning of a disk says of it,
// and leaves what programs keep elsewhere: Ceph writes its label to further places (bluestore_bdev_label_multi, from v19 on).
func (s *storageService) BlockDeviceWipe(ctx context.Context, req *storageapi.BlockDeviceWipeRequest) (*storageapi.BlockDeviceWipeResponse, error) {
	for _, device := range req.GetDevices() {
		if err := s.unused(ctx, device.GetDevice()); err != nil {
			return nil, err
		}
	}
	for _, device := range req.GetDevices() {
		path := filepath.Join("/dev", device.GetDevice())
		err := s.session.parts.wipeUserVolumesOf(path)
		if device.GetMethod() == storageapi.BlockDeviceWipeDescriptor_ZEROES {
			err = errors.Join(err, s.session.node.Write(path, ""))
		}
		if err != nil {
			return nil, status.Errorf(codes.Internal, "failed to wipe block device %q: %v", device.GetDevice(), err)
		}
	}
	return &storageapi.BlockDeviceWipeResponse{Messages: []*storageapi.BlockDeviceWipe{{}}}, nil
}

// unused is nil for a disk that may be wiped. The words are those of Talos
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/storaged/server.go).
func (s *storageService) unused(ctx context.Context, device string) error {
	hw := s.session.node.hardware()
	disk, ok := hw.disk(filepath.Join("/dev", device))
	switch {
	case !ok:
		return status.Errorf(codes.NotFound, "blockdevice %q not found", device)
	case disk.ReadOnly:
		return status.Errorf(codes.FailedPrecondition, "blockdevice %q is read-only", device)
	case disk.Dead:
		return status.Errorf(codes.Internal, "failed to open block device %q: %v", device, errIO)
	}
	volumes, err := safe.StateListAll[*block.VolumeStatus](ctx, s.session.resources)
	if err != nil {
		return err
	}
	for volume := range volumes.All() {
		if filepath.Base(volume.TypedSpec().ParentLocation) == device {
			return status.Errorf(codes.FailedPrecondition, "blockdevice %q is in use by volume %q", device, volume.Metadata().ID())
		}
	}
	if s.session.installed != nil && s.session.installed.Disk == disk.Path {
		return status.Errorf(codes.FailedPrecondition, "blockdevice %q is in use by volume %q", device, "META")
	}
	return nil
}
