package node

import (
	"sync"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// mergeReplies calls every target at once, and makes one reply out of theirs: every message says which machine it
// is from, and one that failed is a message that carries its error.
func mergeReplies(output protoreflect.MessageType, targets []string, call func(string) (proto.Message, error)) (proto.Message, error) {
	field := output.Descriptor().Fields().ByName("messages")
	if field == nil || !field.IsList() || field.Message() == nil {
		return nil, status.Errorf(codes.Internal, "%s cannot be merged", output.Descriptor().FullName())
	}
	replies := make([][]protoreflect.Value, len(targets))
	merged := output.New()
	var calls sync.WaitGroup
	for i, target := range targets {
		calls.Go(func() {
			reply, err := call(target)
			if err != nil {
				failed := merged.NewField(field).List().NewElement()
				setMetadata(failed.Message(), failure(target, err))
				replies[i] = append(replies[i], failed)
				return
			}
			list := reply.ProtoReflect().Get(field).List()
			for j := range list.Len() {
				setMetadata(list.Get(j).Message(), &common.Metadata{Hostname: target})
				replies[i] = append(replies[i], list.Get(j))
			}
		})
	}
	calls.Wait()
	list := merged.Mutable(field).List()
	for _, values := range replies {
		for _, value := range values {
			list.Append(value)
		}
	}
	return merged.Interface(), nil
}

// mergeStreams follows every target at once, and sends on what they send, each message marked with its machine.
func mergeStreams(output protoreflect.MessageType, targets []string, to grpc.ServerStream, follow func(string, func(proto.Message) error) error) error {
	var sending sync.Mutex
	send := func(m proto.Message) error {
		sending.Lock()
		defer sending.Unlock()
		return to.SendMsg(m)
	}
	var streams sync.WaitGroup
	for _, target := range targets {
		streams.Go(func() {
			err := follow(target, func(m proto.Message) error {
				setMetadata(m.ProtoReflect(), &common.Metadata{Hostname: target})
				return send(m)
			})
			if err != nil {
				failed := output.New()
				setMetadata(failed, failure(target, err))
				_ = send(failed.Interface()) // the client is gone when this fails
			}
		})
	}
	streams.Wait()
	return nil
}

func failure(target string, err error) *common.Metadata {
	return &common.Metadata{Hostname: target, Error: err.Error(), Status: status.Convert(err).Proto()}
}

// setMetadata adds to a message what machine it is from, and keeps what it says already.
func setMetadata(m protoreflect.Message, md *common.Metadata) {
	field := m.Descriptor().Fields().ByName("metadata")
	if field == nil {
		return
	}
	if present, ok := m.Get(field).Message().Interface().(*common.Metadata); ok && m.Has(field) {
		proto.Merge(md, present)
	}
	m.Set(field, protoreflect.ValueOfMessage(md.ProtoReflect()))
}
