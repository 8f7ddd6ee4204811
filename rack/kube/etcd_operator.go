package kube

import (
	"context"
	"errors"
	"fmt"
	"io"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/rack/kube/etcd"
	"github.com/home-ops/home-ops/rack/node"
)

var _ node.EtcdOperator = (*Node)(nil)

// withEtcd opens a client on the node's own member for the time of the call.
func (n *Node) withEtcd(call func(m *member, client *etcd.Client) error) error {
	b := n.booted()
	if b == nil || b.plane == nil {
		return status.Errorf(codes.FailedPrecondition, "%s runs no etcd", n.name)
	}
	m := b.plane.member
	client, err := m.spec.NewClient(m.spec.ClientURL())
	if err != nil {
		return err
	}
	defer client.Close()
	if err := call(m, client); err != nil {
		return fmt.Errorf("etcd of %s: %w", n.name, err)
	}
	return nil
}

// EtcdStatus implements [node.EtcdOperator].
func (n *Node) EtcdStatus(ctx context.Context) (*machineapi.EtcdMemberStatus, error) {
	var answer *machineapi.EtcdMemberStatus
	err := n.withEtcd(func(m *member, client *etcd.Client) error {
		return ask(ctx, func(ctx context.Context) error {
			s, err := client.Status(ctx, m.spec.ClientURL())
			if err != nil {
				return err
			}
			answer = &machineapi.EtcdMemberStatus{
				MemberId: s.Header.MemberId, ProtocolVersion: s.Version, StorageVersion: s.StorageVersion, DbSize: s.DbSize,
				DbSizeInUse: s.DbSizeInUse, Leader: s.Leader, RaftIndex: s.RaftIndex, RaftTerm: s.RaftTerm,
				RaftAppliedIndex: s.RaftAppliedIndex, Errors: s.Errors, IsLearner: s.IsLearner,
			}
			return nil
		})
	})
	return answer, err
}

// EtcdRemoveMember implements [node.EtcdOperator].
func (n *Node) EtcdRemoveMember(ctx context.Context, id uint64) error {
	return n.withEtcd(func(_ *member, client *etcd.Client) error {
		err := ask(ctx, func(ctx context.Context) error {
			_, err := client.MemberRemove(ctx, id)
			return err
		})
		if errors.Is(err, rpctypes.ErrMemberNotFound) {
			return status.Errorf(codes.NotFound, "no member %016x", id)
		}
		return err
	})
}

// EtcdForfeitLeadership implements [node.EtcdOperator].
func (n *Node) EtcdForfeitLeadership(ctx context.Context) (leader string, err error) {
	err = n.withEtcd(func(m *member, client *etcd.Client) error {
		members, err := m.list(ctx)
		if err != nil {
			return err
		}
		if len(members) == 1 {
			return status.Error(codes.FailedPrecondition, "cannot forfeit leadership, only one member")
		}
		if !members[0].Leader {
			return nil
		}
		for _, other := range members[1:] {
			if other.IsLearner {
				continue
			}
			if err := ask(ctx, func(ctx context.Context) error {
				_, err := client.MoveLeader(ctx, other.ID)
				return err
			}); err != nil {
				return err
			}
			leader = other.Hostname
			return nil
		}
		return nil
	})
	return leader, err
}

// EtcdSnapshot implements [node.EtcdOperator].
func (n *Node) EtcdSnapshot(ctx context.Context, w io.Writer) error {
	return n.withEtcd(func(_ *member, client *etcd.Client) error {
		snapshot, err := client.Snapshot(ctx)
		if err != nil {
			return err
		}
		defer snapshot.Close()
		_, err = io.Copy(w, snapshot)
		return err
	})
}
