package node

import (
	"context"
	"fmt"
	"time"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/siderolabs/talos/pkg/machinery/resources/cluster"
)

// memberPoll is how often a machine looks at the discovery service.
const memberPoll = 500 * time.Millisecond

// discovered returns the discovery service and this machine's cluster there, nil when the config does not use it.
func (s *session) discovered() (*Discovery, string) {
	cfg := s.config()
	if cfg == nil || s.node.opts.Discovery == nil {
		return nil, ""
	}
	identity := cfg.DiscoveryIdentityConfig()
	if len(cfg.DiscoveryServiceConfigs()) == 0 || identity == nil {
		return nil, ""
	}
	return s.node.opts.Discovery, identity.ClusterID()
}

// self is what this machine announces.
func (s *session) self() affiliate {
	m := s.machine()
	return affiliate{
		id:           s.identity,
		hostname:     m.Name,
		nodename:     m.Name,
		addresses:    m.Addresses,
		machineType:  m.Config.Machine().Type(),
		controlPlane: m.Config.Machine().Type().IsControlPlane(),
		system:       fmt.Sprintf("Talos (%s)", s.version()),
	}
}

// members are the machines of the cluster as far as this one knows: itself, and those that it discovered.
func (s *session) members() []affiliate {
	discovery, id := s.discovered()
	if discovery == nil {
		return nil
	}
	discovery.announce(id, s.self())
	return discovery.list(id)
}

// followMembers keeps the member resources up to date until the context ends.
func (s *session) followMembers(ctx context.Context) {
	ticker := time.NewTicker(memberPoll)
	defer ticker.Stop()
	for {
		if err := s.publishMembers(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("member resources", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *session) publishMembers(ctx context.Context) error {
	var affiliates, members []resource.Resource
	for _, a := range s.members() {
		affiliates = append(affiliates, a.affiliate())
		members = append(members, a.member())
	}
	if err := replaceAll(ctx, s.resources, cluster.NewAffiliate(cluster.NamespaceName, "").Metadata(), affiliates); err != nil {
		return err
	}
	return replaceAll(ctx, s.resources, cluster.NewMember(cluster.NamespaceName, "").Metadata(), members)
}

func (a affiliate) affiliate() *cluster.Affiliate {
	r := cluster.NewAffiliate(cluster.NamespaceName, a.id)
	*r.TypedSpec() = cluster.AffiliateSpec{
		NodeID: a.id, Addresses: a.addresses, Hostname: a.hostname, Nodename: a.nodename,
		OperatingSystem: a.system, MachineType: a.machineType, ControlPlane: a.apiServer(),
	}
	return r
}

func (a affiliate) member() *cluster.Member {
	r := cluster.NewMember(cluster.NamespaceName, a.nodename)
	*r.TypedSpec() = cluster.MemberSpec{
		NodeID: a.id, Addresses: a.addresses, Hostname: a.hostname,
		OperatingSystem: a.system, MachineType: a.machineType, ControlPlane: a.apiServer(),
	}
	return r
}

func (a affiliate) apiServer() *cluster.ControlPlane {
	if !a.controlPlane {
		return nil
	}
	return &cluster.ControlPlane{APIServerPort: 6443}
}
