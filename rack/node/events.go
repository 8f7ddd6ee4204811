package node

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// keptEvents is how many past events a client can ask for.
const keptEvents = 1000

// eventLog holds the latest events of a session, and wakes those who follow it.
type eventLog struct {
	mu sync.Mutex
	// first is the number of the oldest event that is kept.
	first   int
	events  []event
	changed chan struct{}
	closed  bool
}

type event struct {
	number int
	at     time.Time
	proto  *machineapi.Event
}

func newEventLog() *eventLog { return &eventLog{changed: make(chan struct{})} }

// publish appends an event; actor is the id of the API call that caused it, or empty.
func (l *eventLog) publish(actor string, payload proto.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	number := l.first + len(l.events)
	l.events = append(l.events, event{number: number, at: time.Now(), proto: newEvent(number, actor, payload)})
	if drop := len(l.events) - keptEvents; drop > 0 {
		l.events = l.events[drop:]
		l.first += drop
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// close ends the log: followers read what is left, then stop.
func (l *eventLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.changed)
	}
}

// from returns the events with at least this number, and the channel that closes when there are more.
func (l *eventLog) from(number int) (events []event, more <-chan struct{}, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	skip := min(max(number-l.first, 0), len(l.events))
	return l.events[skip:len(l.events):len(l.events)], l.changed, l.closed
}

// start finds the number of the first event that a request wants to see.
func (l *eventLog) start(req *machineapi.EventsRequest) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.first + len(l.events)
	switch {
	case req.GetTailId() != "":
		number, err := eventNumber(req.GetTailId())
		if err != nil {
			return 0, err
		}
		return number + 1, nil
	case req.GetTailEvents() < 0:
		return l.first, nil
	case req.GetTailEvents() > 0:
		return max(l.first, next-int(req.GetTailEvents())), nil
	case req.GetTailSeconds() > 0:
		since := time.Now().Add(-time.Duration(req.GetTailSeconds()) * time.Second)
		for _, e := range l.events {
			if e.at.After(since) {
				return e.number, nil
			}
		}
	}
	return next, nil
}

func newEvent(number int, actor string, payload proto.Message) *machineapi.Event {
	data := &anypb.Any{}
	if payload != nil {
		value, err := proto.Marshal(payload)
		if err != nil {
			// Only a message that is not valid UTF-8 does this, and all of ours are made here.
			panic(fmt.Sprintf("event %T: %v", payload, err))
		}
		data.TypeUrl = "talos/runtime/" + string(payload.ProtoReflect().Descriptor().FullName())
		data.Value = value
	}
	return &machineapi.Event{Data: data, Id: fmt.Sprintf("%020d", number), ActorId: actor}
}

func eventNumber(id string) (int, error) {
	number, err := strconv.Atoi(id)
	if err != nil {
		return 0, fmt.Errorf("error parsing tail_id: %w", err)
	}
	return number, nil
}

func fatalEvent(sequence string, err error) *machineapi.SequenceEvent {
	return &machineapi.SequenceEvent{
		Sequence: sequence,
		Action:   machineapi.SequenceEvent_NOOP,
		Error:    &common.Error{Code: common.Code_FATAL, Message: "sequence failed: " + err.Error()},
	}
}

func lockedEvent(sequence string) *machineapi.SequenceEvent {
	return &machineapi.SequenceEvent{
		Sequence: sequence,
		Action:   machineapi.SequenceEvent_NOOP,
		Error:    &common.Error{Code: common.Code_LOCKED, Message: "sequence not started: locked"},
	}
}
