package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/google/uuid"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Reboot stops everything in order and starts again.
func (m *machineService) Reboot(context.Context, *machineapi.RebootRequest) (*machineapi.RebootResponse, error) {
	actor := uuid.NewString()
	m.session.request(m.session.rebootSequence(actor))
	return &machineapi.RebootResponse{Messages: []*machineapi.Reboot{{ActorId: actor}}}, nil
}

// Shutdown stops everything in order and powers off.
func (m *machineService) Shutdown(context.Context, *machineapi.ShutdownRequest) (*machineapi.ShutdownResponse, error) {
	actor := uuid.NewString()
	m.session.request(m.session.shutdownSequence(actor))
	return &machineapi.ShutdownResponse{Messages: []*machineapi.Shutdown{{ActorId: actor}}}, nil
}

// Upgrade installs another image and boots it.
func (m *machineService) Upgrade(ctx context.Context, req *machineapi.UpgradeRequest) (*machineapi.UpgradeResponse, error) {
	actor := uuid.NewString()
	img, err := parseImage(req.GetImage())
	if err != nil {
		return nil, fmt.Errorf("error validating installer image %q: %w", req.GetImage(), err)
	}
	if err := m.session.pull(img); err != nil {
		return nil, err
	}
	if m.session.isControlPlane() && !req.GetForce() {
		// A control plane that is out of etcd may not go down for an upgrade unless it is forced to.
		if _, err := m.session.kubernetes().EtcdMembers(ctx); err != nil {
			return nil, fmt.Errorf("error validating etcd for upgrade: %w", err)
		}
	}
	if req.GetStage() {
		if err := m.session.stage(img); err != nil {
			return nil, err
		}
		m.session.request(m.session.stageUpgradeSequence(actor))
	} else {
		m.session.request(m.session.upgradeSequence(actor, img))
	}
	return &machineapi.UpgradeResponse{Messages: []*machineapi.Upgrade{{Ack: "Upgrade request received", ActorId: actor}}}, nil
}

// Reset wipes the machine, or parts of it, and reboots or powers off.
func (m *machineService) Reset(ctx context.Context, req *machineapi.ResetRequest) (*machineapi.ResetResponse, error) {
	if err := m.checkUserDisks(req); err != nil {
		return nil, err
	}
	targets, err := m.wipeTargets(ctx, req)
	if err != nil {
		return nil, err
	}
	actor := uuid.NewString()
	m.session.request(m.session.resetSequence(actor, req, targets))
	return &machineapi.ResetResponse{Messages: []*machineapi.Reset{{ActorId: actor}}}, nil
}

func (m *machineService) checkUserDisks(req *machineapi.ResetRequest) error {
	if len(req.GetUserDisksToWipe()) == 0 {
		return nil
	}
	if req.GetMode() == machineapi.ResetRequest_SYSTEM_DISK {
		return errors.New("reset failed: invalid input, wipe mode SYSTEM_DISK doesn't support UserDisksToWipe parameter")
	}
	hw := m.session.node.hardware()
	for _, path := range req.GetUserDisksToWipe() {
		disk, ok := hw.disk(path)
		switch {
		case !ok:
			return fmt.Errorf("reset user disk failed: device %s wasn't found", path)
		case disk.ReadOnly:
			return fmt.Errorf("reset user disk failed: device %s is readonly", path)
		case m.session.installed != nil && m.session.installed.Disk == disk.Path:
			return fmt.Errorf("reset user disk failed: device %s is the system disk", path)
		}
	}
	return nil
}

// wipeTargets reads from a request what is to be wiped. The partitions that are simulated are STATE, EPHEMERAL and those
// of user volumes.
func (m *machineService) wipeTargets(ctx context.Context, req *machineapi.ResetRequest) (wipe, error) {
	var targets wipe
	specs := req.GetSystemPartitionsToWipe()
	if req.GetMode() == machineapi.ResetRequest_USER_DISKS {
		if len(specs) > 0 {
			return targets, errors.New("reset failed: invalid input, wipe mode USER_DISKS doesn't support SystemPartitionsToWipe parameter")
		}
		return targets, nil
	}
	if len(specs) == 0 {
		return wipe{disk: true}, nil
	}
	for _, spec := range specs {
		volume, err := safe.StateGetByID[*block.VolumeStatus](ctx, m.session.resources, spec.GetLabel())
		if err != nil {
			return targets, fmt.Errorf("failed to get volume status with label %q: %w", spec.GetLabel(), err)
		}
		if volume.TypedSpec().Location == "" {
			return targets, fmt.Errorf("failed to reset: volume %q is not located", spec.GetLabel())
		}
		if !spec.GetWipe() {
			continue
		}
		switch label := spec.GetLabel(); {
		case label == constants.StatePartitionLabel:
			targets.state = true
		case label == constants.EphemeralPartitionLabel:
			targets.ephemeral = true
		case isUserVolume(label):
			targets.volumes = append(targets.volumes, label)
		default:
			return targets, status.Errorf(codes.Unimplemented, "the simulated node does not wipe partition %s", spec.GetLabel())
		}
	}
	return targets, nil
}
