package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
)

// bootSequence starts the machine; what Kubernetes runs lasts until powered ends, or until it is shut down.
func (s *session) bootSequence(powered context.Context) sequence {
	return sequence{name: sequenceBoot, state: Booting, tasks: []task{
		{"ephemeral", "mountEphemeralPartition", s.mountEphemeral},
		{"startEverything", "startAllServices", func(ctx context.Context) error { return s.startAllServices(ctx, powered) }},
	}}
}

// mountEphemeral waits for EPHEMERAL, for ever when it has no place or cannot be opened: everything that follows needs it. A
// machine whose STATE cannot be opened has not even its config; here it waits in the same place.
func (s *session) mountEphemeral(ctx context.Context) error {
	for _, label := range systemVolumes {
		volume, err := safe.StateGetByID[*block.VolumeStatus](ctx, s.resources, label)
		if err != nil {
			return err
		}
		if volume.TypedSpec().Phase != block.VolumePhaseReady {
			<-ctx.Done()
		}
	}
	return ctx.Err()
}

// startAllServices hands the machine over to Kubernetes, then waits until every service is up, as machined does:
// a control plane stays in this task, and its stage at booting, until it is bootstrapped.
func (s *session) startAllServices(ctx, powered context.Context) error {
	sleep(ctx, s.node.opts.Timing.Boot)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := s.kubernetes().Boot(powered, s.machine()); err != nil {
		return err
	}
	s.services.startKubernetes(ctx)
	s.enter(ctx, Running)
	ctx, cancel := context.WithTimeoutCause(ctx, constants.BootTimeout,
		fmt.Errorf("services are not up after %s", constants.BootTimeout))
	defer cancel()
	return s.services.waitUp(ctx)
}

func (s *session) rebootSequence(actor string) sequence {
	return sequence{name: sequenceReboot, actor: actor, state: Rebooting, ending: endReboot, tasks: []task{
		s.stopServices(false), s.stopEverything(), {"reboot", "reboot", done},
	}}
}

func (s *session) shutdownSequence(actor string) sequence {
	return sequence{name: sequenceShutdown, actor: actor, state: ShuttingDown, ending: endPowerOff, tasks: []task{
		s.stopServices(false), s.stopEverything(), {"shutdown", "shutdown", done},
	}}
}

func (s *session) upgradeSequence(actor string, img image) sequence {
	upgrade := func(ctx context.Context) error {
		if !sleep(ctx, s.node.opts.Timing.Install) {
			return ctx.Err()
		}
		if err := checkHost(s.version(), img); err != nil {
			return err
		}
		return s.installOver(img)
	}
	return sequence{name: sequenceUpgrade, actor: actor, state: Upgrading, ending: endReboot, tasks: []task{
		s.stopServices(false), {"upgrade", "upgrade", upgrade}, s.stopEverything(), {"reboot", "reboot", done},
	}}
}

func (s *session) stageUpgradeSequence(actor string) sequence {
	seq := s.rebootSequence(actor)
	seq.name, seq.state = sequenceStageUpgrade, Upgrading
	return seq
}

// wipe is what a reset removes.
type wipe struct {
	// disk is everything that an installation put on the system disk.
	disk             bool
	state, ephemeral bool
	// volumes are the labels of user volumes.
	volumes []string
}

func (w wipe) any() bool { return w.disk || w.state || w.ephemeral || len(w.volumes) > 0 }

func (s *session) resetSequence(actor string, req *machineapi.ResetRequest, targets wipe) sequence {
	seq := sequence{name: sequenceReset, actor: actor, state: Resetting, ending: endPowerOff}
	if req.GetGraceful() && s.isControlPlane() {
		seq.tasks = append(seq.tasks, task{"leave", "leaveEtcd", s.leaveEtcd})
	}
	seq.tasks = append(seq.tasks,
		task{"preReset", "sendResetSignal", s.sendResetSignal},
		s.stopServices(targets.disk || targets.ephemeral), s.stopEverything())
	erase := func(context.Context) error { return s.erase(targets) }
	switch {
	case targets.disk:
		seq.tasks = append(seq.tasks, task{"reset", "resetSystemDisk", erase})
	case targets.any():
		seq.tasks = append(seq.tasks, task{"resetSpec", "resetSystemDiskSpec", erase})
	}
	if !req.GetReboot() {
		seq.tasks = append(seq.tasks, task{"shutdown", "shutdown", done})
		return seq
	}
	seq.ending = endReboot
	seq.tasks = append(seq.tasks, task{"reboot", "reboot", done})
	return seq
}

func (s *session) leaveEtcd(ctx context.Context) error {
	if !s.kubernetes().HasEtcdData() {
		return nil
	}
	s.kubernetes().ReleaseVIPs()
	return s.kubernetes().LeaveEtcd(ctx)
}

// sendResetSignal has the discovery service forget the machine.
func (s *session) sendResetSignal(context.Context) error {
	if discovery, cluster := s.discovered(); discovery != nil {
		discovery.leave(cluster, s.identity)
	}
	return nil
}

// erase removes what a reset was told to. A wiped system disk leaves a machine that boots from its media again.
func (s *session) erase(targets wipe) error {
	if targets.disk {
		targets.state, targets.ephemeral = true, true
		if err := errors.Join(s.parts.wipeInstalled(), s.parts.setMade(nil), s.parts.wipeUserVolumesOf(s.installed.Disk)); err != nil {
			return err
		}
	}
	if err := s.parts.wipeUserVolumes(func(id string, _ filesystem) bool { return slices.Contains(targets.volumes, id) }); err != nil {
		return err
	}
	if targets.state {
		if err := errors.Join(s.parts.wipeState(), s.parts.unmake(constants.StatePartitionLabel, s.version())); err != nil {
			return err
		}
	}
	if targets.ephemeral {
		return errors.Join(s.parts.wipeEphemeral(), s.parts.unmake(constants.EphemeralPartitionLabel, s.version()))
	}
	return nil
}

// stopServices ends what runs on EPHEMERAL: etcd, the control plane, the kubelet.
func (s *session) stopServices(wipe bool) task {
	return task{"stopServices", "stopServicesForUpgrade", func(ctx context.Context) error {
		s.services.stop()
		began := time.Now()
		if err := s.kubernetes().Shutdown(ctx, wipe); err != nil {
			return err
		}
		sleep(ctx, s.node.opts.Timing.Stop-time.Since(began))
		return nil
	}}
}

// stopEverything ends the API too; a client sees this task's event, then the connection close.
func (s *session) stopEverything() task { return task{"stopEverything", "stopAllServices", done} }

// done is a task that has nothing to do here but to be told.
func done(ctx context.Context) error { return ctx.Err() }
