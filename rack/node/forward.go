package node

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// destination is where a call is to be passed on to, out of its metadata.
type destination struct {
	nodes []string
	// merged is true when the call named its targets in "nodes": the answer then says which machine each of its
	// messages is from, even if it is only one.
	merged bool
}

// destinationOf follows apid: "nodes" goes to all of them, "node" to that one, and a call that was passed on once
// stays where it is. A machine that passes nothing on, a worker, answers for itself when it is the only target.
func (a *api) destinationOf(ctx context.Context, method string) (destination, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if len(md.Get("proxyfrom")) > 0 {
		return destination{}, nil
	}
	d := destination{nodes: md.Get("nodes"), merged: len(md.Get("nodes")) > 0}
	if !d.merged {
		d.nodes = md.Get("node")
		if len(d.nodes) > 1 {
			return d, status.Error(codes.InvalidArgument, "node metadata must be single-valued")
		}
	}
	if len(d.nodes) == 0 {
		return d, nil
	}
	if !a.forwards() {
		if len(d.nodes) == 1 && a.session.isMe(d.nodes[0]) {
			return destination{}, nil
		}
		return d, status.Error(codes.PermissionDenied, "no request forwarding")
	}
	if d.merged && strings.HasPrefix(method, "/cosi.") {
		return d, status.Error(codes.InvalidArgument, "one-2-many proxying is not supported for COSI methods")
	}
	return d, nil
}

// forwards tells whether this machine has a client certificate to pass calls on with.
func (a *api) forwards() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.certs != nil && a.certs.client != nil
}

func (s *session) isMe(target string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, addr := range s.network.addrs() {
		if addr.String() == target {
			return true
		}
	}
	return target == s.network.hostname || target == s.network.fqdn()
}

func (a *api) forwardUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	d, err := a.destinationOf(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	if len(d.nodes) == 0 {
		return handler(ctx, req)
	}
	_, output, err := messageTypes(info.FullMethod)
	if err != nil {
		return nil, err
	}
	ctx = outgoing(ctx)
	call := func(target string) (proto.Message, error) {
		conn, err := a.peer(target)
		if err != nil {
			return nil, err
		}
		reply := output.New().Interface()
		return reply, conn.Invoke(ctx, info.FullMethod, req, reply)
	}
	if !d.merged {
		return call(d.nodes[0])
	}
	return mergeReplies(output, d.nodes, call)
}

func (a *api) forwardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	d, err := a.destinationOf(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	if len(d.nodes) == 0 {
		return handler(srv, stream)
	}
	input, output, err := messageTypes(info.FullMethod)
	if err != nil {
		return status.Error(codes.Unimplemented, notSimulatedText(info.FullMethod))
	}
	if info.IsClientStream {
		// None of the simulated methods is one.
		return status.Error(codes.Unimplemented, notSimulatedText(info.FullMethod))
	}
	req := input.New().Interface()
	if err := stream.RecvMsg(req); err != nil {
		return err
	}
	ctx := outgoing(stream.Context())
	follow := func(target string, send func(proto.Message) error) error {
		return a.followPeer(ctx, target, info.FullMethod, req, output, send)
	}
	if !d.merged {
		return follow(d.nodes[0], func(m proto.Message) error { return stream.SendMsg(m) })
	}
	return mergeStreams(output, d.nodes, stream, follow)
}

// followPeer hands on every message that the other machine streams.
func (a *api) followPeer(ctx context.Context, target, method string, req proto.Message, output protoreflect.MessageType, send func(proto.Message) error) error {
	conn, err := a.peer(target)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	remote, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		return err
	}
	if err := remote.SendMsg(req); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := remote.CloseSend(); err != nil {
		return err
	}
	for {
		reply := output.New().Interface()
		if err := remote.RecvMsg(reply); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := send(reply); err != nil {
			return err
		}
	}
}

// outgoing carries a call's metadata on, with the roles of its caller and without its targets.
func outgoing(ctx context.Context) context.Context {
	md, _ := metadata.FromIncomingContext(ctx)
	md = md.Copy()
	from := append(md.Get(":authority"), "unknown")[0]
	for _, key := range []string{":authority", "node", "nodes", "content-type", "user-agent"} {
		md.Delete(key)
	}
	md.Set("proxyfrom", from)
	md.Set(constants.APIAuthzRoleMetadataKey, rolesOf(ctx).Strings()...)
	return metadata.NewOutgoingContext(ctx, md)
}

// messageTypes finds what a method takes and gives.
func messageTypes(fullMethod string) (input, output protoreflect.MessageType, err error) {
	name := strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", ".")
	desc, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil, nil, status.Errorf(codes.Unimplemented, "%s: %s", fullMethod, err)
	}
	method, ok := desc.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, nil, status.Errorf(codes.Unimplemented, "%s is not a method", fullMethod)
	}
	if input, err = protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName()); err != nil {
		return nil, nil, status.Errorf(codes.Internal, "%s: %s", fullMethod, err)
	}
	if output, err = protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName()); err != nil {
		return nil, nil, status.Errorf(codes.Internal, "%s: %s", fullMethod, err)
	}
	return input, output, nil
}
