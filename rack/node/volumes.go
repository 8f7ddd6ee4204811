package node

import (
	"errors"
	"fmt"
	"slices"

	blockpb "github.com/siderolabs/talos/pkg/machinery/api/resource/definitions/block"
	"github.com/siderolabs/talos/pkg/machinery/cel"
	"github.com/siderolabs/talos/pkg/machinery/cel/celenv"
	"github.com/siderolabs/talos/pkg/machinery/config"
	configtypes "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	machineryproto "github.com/siderolabs/talos/pkg/machinery/proto"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
)

// minVolume is the smallest volume that Talos makes when the config names no size.
const minVolume = 100 << 20

// volumePlan gives out the space of the machine's disks, in the order in which Talos does: EPHEMERAL first, which
// takes all that is left of its disk unless the config bounds it, then the user volumes.
type volumePlan struct {
	disks  []Disk
	system string
	free   map[string]uint64
}

// volumesOf tells where the volumes of a config come to lie; one that finds no place has failed, and says why. EPHEMERAL lies
// where it was made.
func volumesOf(hw Hardware, system string, cfg config.Provider, made map[string]SystemVolume) []*block.VolumeStatus {
	plan := &volumePlan{disks: hw.Disks, system: system, free: map[string]uint64{}}
	for _, disk := range hw.Disks {
		plan.free[disk.Path] = disk.Size
	}
	ephemeral, _ := cfg.Volumes().ByName(constants.EphemeralPartitionLabel)
	list := []*block.VolumeStatus{plan.keep(constants.EphemeralPartitionLabel, made)}
	if list[0] == nil {
		list[0] = plan.place(constants.EphemeralPartitionLabel, ephemeral.Provisioning(), true)
	}
	for _, volume := range cfg.UserVolumeConfigs() {
		list = append(list, plan.place(constants.UserVolumePrefix+volume.Name(), volume.Provisioning(), false))
	}
	return list
}

// keep is a volume that was made, on a disk that is still there; nil for one that has to be made.
func (p *volumePlan) keep(label string, made map[string]SystemVolume) *block.VolumeStatus {
	volume, ok := made[label]
	if !ok || !slices.ContainsFunc(p.disks, func(d Disk) bool { return d.Path == volume.Disk && !d.Dead }) {
		return nil
	}
	p.free[volume.Disk] -= volume.Size
	status := volumeStatus(label, block.VolumePhaseReady, volume.Disk)
	status.TypedSpec().SetSize(volume.Size)
	return status
}

func (p *volumePlan) place(label string, want configtypes.VolumeProvisioningConfig, onSystemDisk bool) *block.VolumeStatus {
	disk, size, err := p.find(want, onSystemDisk)
	if err != nil {
		status := volumeStatus(label, block.VolumePhaseFailed, "")
		status.TypedSpec().ErrorMessage = err.Error()
		return status
	}
	p.free[disk.Path] -= size
	status := volumeStatus(label, block.VolumePhaseReady, disk.Path)
	status.TypedSpec().SetSize(size)
	return status
}

// find returns the first disk that is selected and has room, and how much of it the volume takes.
func (p *volumePlan) find(want configtypes.VolumeProvisioningConfig, onSystemDisk bool) (Disk, uint64, error) {
	selector, selected := want.DiskSelector().Get()
	least := want.MinSize().ValueOr(minVolume)
	matched, dead := 0, 0
	for _, disk := range p.disks {
		match := onSystemDisk && disk.Path == p.system
		if selected {
			var err error
			if match, err = matches(selector, disk, disk.Path == p.system); err != nil {
				return Disk{}, 0, fmt.Errorf("error evaluating disk locator: %w", err)
			}
		}
		if !match || disk.ReadOnly {
			continue
		}
		matched++
		if disk.Dead {
			dead++
			continue
		}
		free := p.free[disk.Path]
		if free < least {
			continue
		}
		if most, bounded := want.MaxSize().Get(); bounded {
			free = min(free, most)
		}
		return disk, free, nil
	}
	if matched == 0 {
		return Disk{}, 0, errors.New("no disks matched selector for volume")
	}
	return Disk{}, 0, fmt.Errorf("no disks matched for volume (%d matched selector): %d have not enough space, 0 have wrong format, %d have other issues", matched, matched-dead, dead)
}

func matches(selector cel.Expression, disk Disk, system bool) (bool, error) {
	spec := &blockpb.DiskSpec{}
	if err := machineryproto.ResourceSpecToProto(diskResource(disk), spec); err != nil {
		return false, err
	}
	return selector.EvalBool(celenv.DiskLocator(), map[string]any{"disk": spec, "system_disk": system})
}
