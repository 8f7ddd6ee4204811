package rehearsal

import (
	"context"
	"errors"
	"fmt"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"

	"github.com/home-ops/home-ops/rack/node"
)

// talos is the API of a machine, with the rights of the talosconfig.
func (c *cluster) talos(ctx context.Context, address string) (*client.Client, error) {
	config, err := clientconfig.FromString(c.talosconfig)
	if err != nil {
		return nil, fmt.Errorf("stack output talosconfig: %w", err)
	}
	return client.New(ctx, client.WithConfig(config), client.WithEndpoints(address))
}

// checkTalos uses the talosconfig as talosctl does, node by node.
func (r *rehearsal) checkTalos(ctx context.Context, c *cluster) (string, error) {
	want := string(r.stack.Cluster.TalosVersion)
	var errs []error
	for _, m := range r.rack.nodes {
		address := m.spec.Address.String()
		err := until(ctx, func(ctx context.Context) error {
			talos, err := c.talos(ctx, address)
			if err != nil {
				return err
			}
			defer talos.Close() //nolint:errcheck // nothing was written
			answer, err := talos.Version(client.WithNode(ctx, address))
			if err != nil {
				return err
			}
			if got := answer.GetMessages()[0].GetVersion().GetTag(); got != want {
				return fmt.Errorf("runs Talos %s, not %s", got, want)
			}
			return nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.spec.Name, err))
		}
	}
	return fmt.Sprintf("%d nodes, Talos %s", len(r.rack.nodes), want), errors.Join(errs...)
}

// checkEtcd asks etcd through Talos for its members, and counts those that vote.
func (r *rehearsal) checkEtcd(ctx context.Context, c *cluster) (string, error) {
	var want int
	var first string
	for _, m := range r.rack.nodes {
		if m.spec.IsControlPlane() {
			want++
			if first == "" {
				first = m.spec.Address.String()
			}
		}
	}
	err := until(ctx, func(ctx context.Context) error {
		talos, err := c.talos(ctx, first)
		if err != nil {
			return err
		}
		defer talos.Close() //nolint:errcheck // nothing was written
		members, err := etcdMembers(client.WithNode(ctx, first), talos)
		r.report.Kubernetes.EtcdMembers = members
		if err == nil && members != want {
			err = fmt.Errorf("%d voting members, %d control planes", members, want)
		}
		return err
	})
	return fmt.Sprintf("%d voting members", r.report.Kubernetes.EtcdMembers), err
}

func (r *rehearsal) checkMachines(context.Context, *cluster) (string, error) {
	errs := []error{r.rack.err()}
	for _, m := range r.rack.nodes {
		if err := m.Err(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.spec.Name, err))
		}
		if s := m.State(); s != node.Running {
			errs = append(errs, fmt.Errorf("%s is %s", m.spec.Name, s))
		}
	}
	return fmt.Sprintf("%d running", len(r.rack.nodes)), errors.Join(errs...)
}

// etcdMembers counts the members that have a vote.
func etcdMembers(ctx context.Context, talos *client.Client) (int, error) {
	answer, err := talos.EtcdMemberList(ctx, &machineapi.EtcdMemberListRequest{})
	if err != nil {
		return 0, err
	}
	voting := 0
	for _, message := range answer.GetMessages() {
		for _, member := range message.GetMembers() {
			if !member.GetIsLearner() {
				voting++
			}
		}
	}
	return voting, nil
}
