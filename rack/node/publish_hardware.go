package node

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/hardware"
	networkres "github.com/siderolabs/talos/pkg/machinery/resources/network"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	timeres "github.com/siderolabs/talos/pkg/machinery/resources/time"
)

// publishHardware fills the resources that do not depend on a config.
func (s *session) publishHardware(ctx context.Context) error {
	hw := s.node.hardware()
	var rs []resource.Resource
	for i, disk := range hw.Disks {
		rs = append(rs, diskResource(disk), blockDevice(disk, i))
	}
	rs = append(rs, s.installationResources()...)
	for i, link := range hw.Links {
		rs = append(rs, linkResource(link, uint32(i+2))) // 1 is the loopback
	}
	first := networkres.NewHardwareAddr(networkres.NamespaceName, networkres.FirstHardwareAddr)
	first.TypedSpec().Name = hw.Links[0].Name
	first.TypedSpec().HardwareAddr = nethelpers.HardwareAddr(hw.Links[0].hardwareAddr())

	system := hardware.NewSystemInformation(hardware.SystemInformationID)
	system.TypedSpec().Manufacturer = hw.Manufacturer
	system.TypedSpec().ProductName = hw.Product
	system.TypedSpec().UUID = hw.UUID
	processor := hardware.NewProcessorInfo("CPU-1")
	processor.TypedSpec().Manufacturer = hw.Manufacturer
	processor.TypedSpec().CoreCount = uint32(hw.CPUs)
	processor.TypedSpec().CoreEnabled = uint32(hw.CPUs)
	processor.TypedSpec().ThreadCount = uint32(hw.CPUs)
	memory := hardware.NewMemoryModuleInfo("DIMM-1")
	memory.TypedSpec().Size = uint32(hw.Memory >> 20)
	memory.TypedSpec().Manufacturer = hw.Manufacturer

	platform := runtimeres.NewPlatformMetadataSpec(runtimeres.NamespaceName, runtimeres.PlatformMetadataID)
	platform.TypedSpec().Platform = constants.PlatformMetal
	clock := timeres.NewStatus()
	clock.TypedSpec().Synced = true // the clock is the host's
	rs = append(rs, first, system, processor, memory, platform, clock, runtimeres.NewSecurityStateSpec(runtimeres.NamespaceName))
	return s.putAll(ctx, rs)
}

// installationResources describe what is on the system disk, and the version that runs.
func (s *session) installationResources() []resource.Resource {
	version := runtimeres.NewVersion()
	version.TypedSpec().Version = s.version()
	rs := []resource.Resource{version}
	for i, ext := range s.extensions() {
		status := runtimeres.NewExtensionStatus(runtimeres.NamespaceName, fmt.Sprint(i))
		status.TypedSpec().Image = fmt.Sprintf("%03d.%s.sqsh", i, ext.Name)
		status.TypedSpec().Metadata.Name = ext.Name
		status.TypedSpec().Metadata.Version = ext.Version
		rs = append(rs, status)
	}
	if s.installed == nil {
		for _, label := range []string{constants.StatePartitionLabel, constants.EphemeralPartitionLabel} {
			rs = append(rs, volumeStatus(label, block.VolumePhaseMissing, ""))
		}
		return rs
	}
	disk := block.NewSystemDisk(block.NamespaceName, block.SystemDiskID)
	disk.TypedSpec().DiskID = filepath.Base(s.installed.Disk)
	disk.TypedSpec().DevPath = s.installed.Disk
	rs = append(rs, disk)
	for _, label := range []string{constants.MetaPartitionLabel, constants.StatePartitionLabel, constants.EphemeralPartitionLabel} {
		rs = append(rs, volumeStatus(label, block.VolumePhaseReady, s.installed.Disk))
	}
	return rs
}

// extensions are those of the running image. The factory adds one that carries the schematic's id.
func (s *session) extensions() []Extension {
	id := s.schematic()
	if id == "" {
		return nil
	}
	var list []Extension
	if s.node.opts.Extensions != nil {
		list = append(list, s.node.opts.Extensions(id)...)
	}
	return append(list, Extension{Name: "schematic", Version: id})
}

func volumeStatus(label string, phase block.VolumePhase, disk string) *block.VolumeStatus {
	status := block.NewVolumeStatus(block.NamespaceName, label)
	status.TypedSpec().Phase = phase
	status.TypedSpec().Type = block.VolumeTypePartition
	if disk != "" {
		status.TypedSpec().ParentLocation = disk
		// The partition's number is not simulated, its label is.
		status.TypedSpec().Location = "/dev/disk/by-partlabel/" + label
		status.TypedSpec().MountLocation = status.TypedSpec().Location
	}
	return status
}

func diskResource(disk Disk) *block.Disk {
	r := block.NewDisk(block.NamespaceName, filepath.Base(disk.Path))
	spec := r.TypedSpec()
	spec.DevPath = disk.Path
	spec.SetSize(disk.Size)
	spec.IOSize, spec.SectorSize = 512, 512
	spec.Readonly = disk.ReadOnly
	spec.Model, spec.Serial, spec.WWID = disk.Model, disk.Serial, disk.WWID
	spec.UUID, spec.Modalias = disk.UUID, disk.Modalias
	spec.BusPath = disk.BusPath
	spec.SubSystem = "/sys/class/block"
	spec.Transport = disk.Transport
	spec.Rotational = disk.Type == DiskHDD
	spec.Symlinks = disk.Symlinks
	return r
}

func blockDevice(disk Disk, index int) *block.Device {
	r := block.NewDevice(block.NamespaceName, filepath.Base(disk.Path))
	r.TypedSpec().Type = block.DeviceTypeDisk
	r.TypedSpec().Major, r.TypedSpec().Minor = 259, index
	r.TypedSpec().DevicePath = strings.TrimPrefix(disk.Path, "/dev/")
	return r
}

func linkResource(link Link, index uint32) *networkres.LinkStatus {
	r := networkres.NewLinkStatus(networkres.NamespaceName, link.Name)
	spec := r.TypedSpec()
	spec.Index = index
	spec.Type = nethelpers.LinkEther
	spec.HardwareAddr = nethelpers.HardwareAddr(link.hardwareAddr())
	spec.PermanentAddr = spec.HardwareAddr
	spec.MTU = uint32(link.MTU)
	spec.BusPath, spec.PCIID, spec.Driver = link.BusPath, link.PCIID, link.Driver
	spec.SpeedMegabits = link.SpeedMbit
	spec.LinkState = !link.Down
	spec.OperationalState = nethelpers.OperStateUp
	if link.Down {
		spec.OperationalState = nethelpers.OperStateDown
	}
	return r
}

func (s *session) putAll(ctx context.Context, rs []resource.Resource) error {
	for _, r := range rs {
		if err := put(ctx, s.resources, r); err != nil {
			return fmt.Errorf("resource %s: %w", r.Metadata(), err)
		}
	}
	return nil
}
