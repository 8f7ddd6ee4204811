package node

import (
	"context"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Events streams what happens: first an empty event, so that the client knows that it is being served.
func (m *machineService) Events(req *machineapi.EventsRequest, stream machineapi.MachineService_EventsServer) error {
	if err := stream.Send(newEvent(0, req.GetWithActorId(), nil)); err != nil {
		return err
	}
	next, err := m.session.events.start(req)
	if err != nil {
		return err
	}
	for {
		events, more, closed := m.session.events.from(next)
		for _, e := range events {
			next = e.number + 1
			if actor := req.GetWithActorId(); actor != "" && e.proto.GetActorId() != actor {
				continue
			}
			if err := stream.Send(e.proto); err != nil {
				return err
			}
		}
		if closed {
			return nil
		}
		select {
		case <-more:
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
}

// LogsContainers names what has logs.
func (m *machineService) LogsContainers(context.Context, *emptypb.Empty) (*machineapi.LogsContainersResponse, error) {
	return &machineapi.LogsContainersResponse{Messages: []*machineapi.LogsContainer{{Ids: []string{"machined"}}}}, nil
}

// Logs streams the log of machined, which is the machine's console. No other service has one here.
func (m *machineService) Logs(req *machineapi.LogsRequest, stream machineapi.MachineService_LogsServer) error {
	if req.GetId() != "machined" {
		return status.Errorf(codes.Unimplemented, "the simulated node does not keep the log of %q", req.GetId())
	}
	from := m.session.console.tail(int(req.GetTailLines()))
	return m.followConsole(stream.Context(), from, req.GetFollow(), stream)
}

// Dmesg streams the machine's console.
func (m *machineService) Dmesg(req *machineapi.DmesgRequest, stream machineapi.MachineService_DmesgServer) error {
	from := 0
	if req.GetTail() {
		from = m.session.console.tail(0)
	}
	return m.followConsole(stream.Context(), from, req.GetFollow(), stream)
}

func (m *machineService) followConsole(ctx context.Context, from int, follow bool, stream interface{ Send(*common.Data) error }) error {
	for {
		lines, next, more := m.session.console.from(from)
		for _, line := range lines {
			if err := stream.Send(&common.Data{Bytes: line}); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		from = next
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}
