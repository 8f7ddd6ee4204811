package node

import (
	"context"
	"slices"
	"strings"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/resources/v1alpha1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var stages = map[State]runtimeres.MachineStage{
	Maintenance:  runtimeres.MachineStageMaintenance,
	Installing:   runtimeres.MachineStageInstalling,
	Booting:      runtimeres.MachineStageBooting,
	Running:      runtimeres.MachineStageRunning,
	Upgrading:    runtimeres.MachineStageUpgrading,
	Resetting:    runtimeres.MachineStageResetting,
	Rebooting:    runtimeres.MachineStageRebooting,
	ShuttingDown: runtimeres.MachineStageShuttingDown,
}

// booted notes that the boot sequence is over, which is when the machine's stage becomes running.
func (s *session) booted(ctx context.Context) {
	s.mu.Lock()
	s.bootDone = true
	s.mu.Unlock()
	s.publishStatus(ctx)
}

// publishStatus shows the machine's stage and what keeps it from being ready, as a resource and as an event.
//
// The conditions of a real machine that are not looked at here are static pods and the Kubernetes node: the node
// package knows of neither.
func (s *session) publishStatus(ctx context.Context) {
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	spec := s.status()
	if sameStatus(spec, s.lastStatus) {
		return
	}
	s.lastStatus = spec
	err := safe.StateModify(ctx, s.resources, runtimeres.NewMachineStatus(), func(r *runtimeres.MachineStatus) error {
		*r.TypedSpec() = spec
		return nil
	})
	if err != nil {
		s.log.Error("machine status", "error", err)
	}
	s.events.publish("", statusEvent(spec))
}

func (s *session) status() runtimeres.MachineStatusSpec {
	s.mu.Lock()
	done := s.bootDone
	s.mu.Unlock()
	state := s.node.state.get()
	spec := runtimeres.MachineStatusSpec{Stage: stages[state]}
	spec.Status.Ready = true
	if state != Booting && state != Running {
		return spec
	}
	if !done {
		spec.Stage = runtimeres.MachineStageBooting
	}
	if problems := s.services.problems(); len(problems) > 0 {
		spec.Status.Ready = false
		spec.Status.UnmetConditions = []runtimeres.UnmetCondition{{Name: "services", Reason: strings.Join(problems, ", ")}}
	}
	return spec
}

func sameStatus(a, b runtimeres.MachineStatusSpec) bool {
	return a.Stage == b.Stage && a.Status.Ready == b.Status.Ready &&
		slices.Equal(a.Status.UnmetConditions, b.Status.UnmetConditions)
}

func statusEvent(spec runtimeres.MachineStatusSpec) *machineapi.MachineStatusEvent {
	e := &machineapi.MachineStatusEvent{
		// The numbers of both enums are the same.
		Stage:  machineapi.MachineStatusEvent_MachineStage(spec.Stage),
		Status: &machineapi.MachineStatusEvent_MachineStatus{Ready: spec.Status.Ready},
	}
	for _, c := range spec.Status.UnmetConditions {
		e.Status.UnmetConditions = append(e.Status.UnmetConditions,
			&machineapi.MachineStatusEvent_MachineStatus_UnmetCondition{Name: c.Name, Reason: c.Reason})
	}
	return e
}

func (s *session) publishService(ctx context.Context, svc Service) {
	r := v1alpha1.NewService(svc.ID)
	r.TypedSpec().Running = svc.State == "Running"
	r.TypedSpec().Healthy = svc.Healthy
	r.TypedSpec().Unknown = !svc.HealthKnown
	if err := put(ctx, s.resources, r); err != nil {
		s.log.Error("service resource", "service", svc.ID, "error", err)
	}
	s.events.publish("", &machineapi.ServiceStateEvent{
		Service: svc.ID,
		Action:  machineapi.ServiceStateEvent_Action(machineapi.ServiceStateEvent_Action_value[strings.ToUpper(svc.State)]),
		Message: svc.Message,
		Health:  &machineapi.ServiceHealth{Unknown: !svc.HealthKnown, Healthy: svc.Healthy, LastChange: timestamppb.Now()},
	})
}
