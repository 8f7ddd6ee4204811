package node

import (
	"context"
	"fmt"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
)

// The names of machined's sequences, as its events carry them.
const (
	sequenceInitialize   = "initialize"
	sequenceInstall      = "install"
	sequenceBoot         = "boot"
	sequenceReboot       = "reboot"
	sequenceReset        = "reset"
	sequenceShutdown     = "shutdown"
	sequenceUpgrade      = "upgrade"
	sequenceStageUpgrade = "stageUpgrade"
)

// sequence is one of machined's: phases of tasks, run in order, told to every client that follows the events.
// Only the tasks that the simulated machine really does are in it, under the names that machined gives them.
type sequence struct {
	name string
	// actor is the id of the API call that asked for it; empty for the machine's own.
	actor string
	// state is what the machine is in meanwhile.
	state  State
	tasks  []task
	ending ending
}

// task is one step. Machined groups tasks into phases; no phase here has more than one.
type task struct {
	phase, name string
	run         func(context.Context) error
}

// request asks for a sequence that ends the session. Machined runs one at a time: a second one is answered with
// an event, since the call that asked for it has long returned.
func (s *session) request(seq sequence) {
	select {
	case s.sequences <- seq:
	default:
		s.events.publish(seq.actor, lockedEvent(seq.name))
	}
}

func (s *session) runSequence(ctx context.Context, seq sequence) error {
	s.log.Info("sequence", "name", seq.name, "tasks", len(seq.tasks))
	publish := func(action machineapi.SequenceEvent_Action) {
		s.events.publish(seq.actor, &machineapi.SequenceEvent{Sequence: seq.name, Action: action})
	}
	s.enter(ctx, seq.state)
	publish(machineapi.SequenceEvent_START)
	for _, t := range seq.tasks {
		if err := s.runTask(ctx, seq.actor, t); err != nil {
			return &sequenceError{seq.name, err}
		}
	}
	publish(machineapi.SequenceEvent_STOP)
	return nil
}

func (s *session) runTask(ctx context.Context, actor string, t task) error {
	s.events.publish(actor, &machineapi.PhaseEvent{Phase: t.phase, Action: machineapi.PhaseEvent_START})
	s.events.publish(actor, &machineapi.TaskEvent{Task: t.name, Action: machineapi.TaskEvent_START})
	s.log.Info("task", "name", t.name)
	err := t.run(ctx)
	s.events.publish(actor, &machineapi.TaskEvent{Task: t.name, Action: machineapi.TaskEvent_STOP})
	s.events.publish(actor, &machineapi.PhaseEvent{Phase: t.phase, Action: machineapi.PhaseEvent_STOP})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("task %s: %w", t.name, err)
	}
	return nil
}
