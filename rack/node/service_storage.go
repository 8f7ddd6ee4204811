package node

import (
	"context"

	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	"google.golang.org/protobuf/types/known/emptypb"
)

// storageService lists the disks, in both phases.
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
