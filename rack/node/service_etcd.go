package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Bootstrap starts the first etcd member of the cluster.
func (m *machineService) Bootstrap(ctx context.Context, req *machineapi.BootstrapRequest) (*machineapi.BootstrapResponse, error) {
	s := m.session
	if s.node.state.get() != Running {
		return nil, status.Error(codes.FailedPrecondition, "bootstrap is not available yet")
	}
	if s.isWorker() {
		return nil, status.Error(codes.FailedPrecondition, "bootstrap can only be performed on a control plane node")
	}
	if s.kubernetes().HasEtcdData() {
		return nil, status.Error(codes.AlreadyExists, "etcd data directory is not empty")
	}
	var from Recovery
	if req.GetRecoverEtcd() {
		from = Recovery{Snapshot: s.parts.etcdSnapshot(), SkipHashCheck: req.GetRecoverSkipHashCheck()}
	}
	if err := s.kubernetes().Bootstrap(ctx, from); err != nil {
		return nil, err
	}
	return &machineapi.BootstrapResponse{Messages: []*machineapi.Bootstrap{{}}}, nil
}

// EtcdMemberList lists the members of the cluster.
func (m *machineService) EtcdMemberList(ctx context.Context, _ *machineapi.EtcdMemberListRequest) (*machineapi.EtcdMemberListResponse, error) {
	if err := m.controlPlaneOnly("member list"); err != nil {
		return nil, err
	}
	list, err := m.session.kubernetes().EtcdMembers(ctx)
	if err != nil {
		return nil, err
	}
	members := &machineapi.EtcdMembers{}
	for _, member := range list {
		members.LegacyMembers = append(members.LegacyMembers, member.Hostname)
		members.Members = append(members.Members, &machineapi.EtcdMember{
			Id:         member.ID,
			Hostname:   member.Hostname,
			PeerUrls:   member.PeerURLs,
			ClientUrls: member.ClientURLs,
			IsLearner:  member.IsLearner,
		})
	}
	return &machineapi.EtcdMemberListResponse{Messages: []*machineapi.EtcdMembers{members}}, nil
}

// EtcdLeaveCluster removes this machine's member.
func (m *machineService) EtcdLeaveCluster(ctx context.Context, _ *machineapi.EtcdLeaveClusterRequest) (*machineapi.EtcdLeaveClusterResponse, error) {
	if err := m.controlPlaneOnly("etcd leave"); err != nil {
		return nil, err
	}
	if err := m.session.kubernetes().LeaveEtcd(ctx); err != nil {
		return nil, fmt.Errorf("failed to leave cluster: %w", err)
	}
	return &machineapi.EtcdLeaveClusterResponse{Messages: []*machineapi.EtcdLeaveCluster{{}}}, nil
}

// operator returns the part of Kubernetes that works on a running etcd, if it has one.
func (m *machineService) operator(method string) (EtcdOperator, error) {
	if err := m.controlPlaneOnly(method); err != nil {
		return nil, err
	}
	operator, ok := m.session.kubernetes().(EtcdOperator)
	if !ok {
		return nil, status.Error(codes.Unimplemented, notSimulatedText(method))
	}
	return operator, nil
}

// EtcdStatus tells about this machine's member.
func (m *machineService) EtcdStatus(ctx context.Context, _ *emptypb.Empty) (*machineapi.EtcdStatusResponse, error) {
	etcd, err := m.operator("etcd status")
	if err != nil {
		return nil, err
	}
	member, err := etcd.EtcdStatus(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to query etcd status: %w", err)
	}
	return &machineapi.EtcdStatusResponse{Messages: []*machineapi.EtcdStatus{{MemberStatus: member}}}, nil
}

// EtcdRemoveMemberByID removes a member whose machine is gone.
func (m *machineService) EtcdRemoveMemberByID(ctx context.Context, req *machineapi.EtcdRemoveMemberByIDRequest) (*machineapi.EtcdRemoveMemberByIDResponse, error) {
	etcd, err := m.operator("etcd remove member")
	if err != nil {
		return nil, err
	}
	if err := etcd.EtcdRemoveMember(ctx, req.GetMemberId()); err != nil {
		return nil, err
	}
	return &machineapi.EtcdRemoveMemberByIDResponse{Messages: []*machineapi.EtcdRemoveMemberByID{{}}}, nil
}

// EtcdForfeitLeadership hands the leadership to another member.
func (m *machineService) EtcdForfeitLeadership(ctx context.Context, _ *machineapi.EtcdForfeitLeadershipRequest) (*machineapi.EtcdForfeitLeadershipResponse, error) {
	etcd, err := m.operator("etcd forfeit leadership")
	if err != nil {
		return nil, err
	}
	leader, err := etcd.EtcdForfeitLeadership(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to forfeit leadership: %w", err)
	}
	return &machineapi.EtcdForfeitLeadershipResponse{Messages: []*machineapi.EtcdForfeitLeadership{{Member: leader}}}, nil
}

// EtcdRecover keeps a snapshot for the bootstrap. One that is not uploaded whole replaces none.
func (m *machineService) EtcdRecover(stream machineapi.MachineService_EtcdRecoverServer) error {
	if err := m.controlPlaneOnly("etcd recover"); err != nil {
		return err
	}
	path := m.session.parts.etcdSnapshot()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("error creating etcd recovery snapshot: %w", err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // it is in the machine's own folder, which goes with it
	if err := errors.Join(receive(stream, file), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return stream.SendAndClose(&machineapi.EtcdRecoverResponse{Messages: []*machineapi.EtcdRecover{{}}})
}

// receive writes what is uploaded, to its end.
func receive(stream interface{ Recv() (*common.Data, error) }, w io.Writer) error {
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(chunk.GetBytes()); err != nil {
			return fmt.Errorf("error writing snapshot: %w", err)
		}
	}
}

// EtcdSnapshot streams a backup of etcd.
func (m *machineService) EtcdSnapshot(_ *machineapi.EtcdSnapshotRequest, stream machineapi.MachineService_EtcdSnapshotServer) error {
	etcd, err := m.operator("etcd snapshot")
	if err != nil {
		return err
	}
	if err := etcd.EtcdSnapshot(stream.Context(), dataWriter{stream}); err != nil {
		return fmt.Errorf("failed reading etcd snapshot: %w", err)
	}
	return nil
}

// dataWriter sends what is written to it in chunks.
type dataWriter struct {
	stream interface{ Send(*common.Data) error }
}

const dataChunk = 64 << 10

func (w dataWriter) Write(data []byte) (int, error) {
	sent := 0
	for sent < len(data) {
		chunk := data[sent:min(sent+dataChunk, len(data))]
		if err := w.stream.Send(&common.Data{Bytes: chunk}); err != nil {
			return sent, err
		}
		sent += len(chunk)
	}
	return sent, nil
}
