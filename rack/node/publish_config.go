package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/cluster"
	configres "github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	networkres "github.com/siderolabs/talos/pkg/machinery/resources/network"
)

// publishMachine fills what follows from the active config.
func (s *session) publishMachine(ctx context.Context, cfg config.Provider) error {
	kind := configres.NewMachineType()
	kind.SetMachineType(cfg.Machine().Type())
	name := k8s.NewNodename(k8s.NamespaceName, k8s.NodenameID)
	name.TypedSpec().Nodename = s.machine().Name
	name.TypedSpec().SkipNodeRegistration = cfg.K8sNodeConfig().SkipNodeRegistration()
	ip := k8s.NewNodeIP(k8s.NamespaceName, k8s.KubeletID)
	ip.TypedSpec().Addresses = s.machine().Addresses
	self := cluster.NewIdentity(cluster.NamespaceName, cluster.LocalIdentity)
	self.TypedSpec().NodeID = s.identity
	info := cluster.NewInfo()
	if identity := cfg.DiscoveryIdentityConfig(); identity != nil {
		info.TypedSpec().ClusterID = identity.ClusterID()
	}
	info.TypedSpec().ClusterName = cfg.K8sClusterConfig().ClusterName()
	if err := s.putAll(ctx, []resource.Resource{kind, name, ip, self, info}); err != nil {
		return err
	}
	return s.publishVolumes(ctx, cfg)
}

// publishVolumes shows where the config's volumes lie. One that finds no place does not keep the machine from
// booting, except for Talos's own, and shows only here and on the console.
func (s *session) publishVolumes(ctx context.Context, cfg config.Provider) error {
	made, err := s.parts.made()
	if err != nil {
		return err
	}
	state := volumeStatus(constants.StatePartitionLabel, block.VolumePhaseReady, s.installed.Disk)
	volumes := append([]*block.VolumeStatus{state}, volumesOf(s.node.hardware(), s.installed.Disk, cfg, made)...)
	if err := s.openVolumes(cfg, volumes); err != nil {
		return err
	}
	for _, volume := range volumes {
		if err := s.mount(volume); err != nil {
			return err
		}
		if message := volume.TypedSpec().ErrorMessage; message != "" {
			s.log.Error("volume failed", "volume", volume.Metadata().ID(), "error", message)
			s.node.fail(fmt.Errorf("volume %s: %s", volume.Metadata().ID(), message))
		}
		if err := put(ctx, s.resources, volume); err != nil {
			return err
		}
	}
	return nil
}

// setNetwork puts a network into effect, and shows it.
func (s *session) setNetwork(ctx context.Context, n network) {
	s.mu.Lock()
	s.network = n
	s.mu.Unlock()
	if err := s.publishNetwork(ctx, n); err != nil {
		s.log.Error("network resources", "error", err)
	}
}

func (s *session) publishNetwork(ctx context.Context, n network) error {
	hostname := networkres.NewHostnameStatus(networkres.NamespaceName, networkres.HostnameID)
	hostname.TypedSpec().Hostname, hostname.TypedSpec().Domainname = n.hostname, n.domain
	resolvers := networkres.NewResolverStatus(networkres.NamespaceName, networkres.ResolverID)
	resolvers.TypedSpec().DNSServers = n.resolvers
	clocks := networkres.NewTimeServerStatus(networkres.NamespaceName, networkres.TimeServerID)
	clocks.TypedSpec().NTPServers = n.timeServers
	status := networkres.NewStatus(networkres.NamespaceName, networkres.StatusID)
	*status.TypedSpec() = networkres.StatusSpec{
		AddressReady: len(n.addresses) > 0, ConnectivityReady: len(n.addresses) > 0, HostnameReady: true, EtcFilesReady: true,
	}
	rs := []resource.Resource{hostname, resolvers, clocks, status}

	var all, prefixes []netip.Prefix
	for _, a := range n.addresses {
		prefixes = append(prefixes, a.prefix)
		if single := netip.PrefixFrom(a.prefix.Addr(), a.prefix.Addr().BitLen()); !slices.Contains(all, single) {
			all = append(all, single)
		}
	}
	for id, list := range map[resource.ID][]netip.Prefix{
		networkres.NodeAddressDefaultID:      all[:min(1, len(all))],
		networkres.NodeAddressCurrentID:      prefixes,
		networkres.NodeAddressRoutedID:       prefixes,
		networkres.NodeAddressAccumulativeID: prefixes,
	} {
		address := networkres.NewNodeAddress(networkres.NamespaceName, id)
		address.TypedSpec().Addresses = list
		rs = append(rs, address)
	}
	if err := s.putAll(ctx, rs); err != nil {
		return err
	}
	return s.publishAddresses(ctx)
}

// publishAddresses shows what the links carry: the machine's own addresses, and the virtual IPs that it has.
func (s *session) publishAddresses(ctx context.Context) error {
	s.addressesMu.Lock()
	defer s.addressesMu.Unlock()
	s.mu.Lock()
	carried := slices.Concat(s.network.addresses, s.vips)
	s.mu.Unlock()
	var addresses []resource.Resource
	for _, a := range carried {
		addresses = append(addresses, addressStatus(a))
	}
	kind := networkres.NewAddressStatus(networkres.NamespaceName, "").Metadata()
	return replaceAll(ctx, s.resources, kind, addresses)
}

// publishVIPs shows which virtual IPs the machine has. One that has left the config stays until it has been given up.
func (s *session) publishVIPs(ctx context.Context) {
	held := s.kubernetes().VIPs()
	s.mu.Lock()
	var now []linkAddress
	for _, vip := range slices.Concat(s.vips, s.network.vips) {
		if slices.Contains(held, vip.prefix.Addr()) && !slices.Contains(now, vip) {
			now = append(now, vip)
		}
	}
	same := slices.Equal(now, s.vips)
	s.vips = now
	s.mu.Unlock()
	if same {
		return
	}
	if err := s.publishAddresses(ctx); err != nil {
		s.log.Error("network resources", "error", err)
	}
}

func addressStatus(a linkAddress) *networkres.AddressStatus {
	r := networkres.NewAddressStatus(networkres.NamespaceName, networkres.AddressID(a.link, a.prefix))
	r.TypedSpec().Address = a.prefix
	r.TypedSpec().LinkName = a.link
	r.TypedSpec().Scope = nethelpers.ScopeGlobal
	r.TypedSpec().Family = nethelpers.FamilyInet4
	if a.prefix.Addr().Is6() {
		r.TypedSpec().Family = nethelpers.FamilyInet6
	}
	return r
}
