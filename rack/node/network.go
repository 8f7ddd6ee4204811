package node

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	configtypes "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
)

// network is what the machine's links carry: what DHCP says, or what the config says instead.
type network struct {
	// hostname is without its domain, which is in domain.
	hostname, domain string
	addresses        []linkAddress
	// vips are the virtual IPs that the machine stands for; Kubernetes knows which of them it has.
	vips        []linkAddress
	resolvers   []netip.Addr
	timeServers []string
}

// linkAddress is an address on a link.
type linkAddress struct {
	link   string
	prefix netip.Prefix
}

// addrs are the addresses, each once, in the order of the links.
func (n network) addrs() []netip.Addr {
	var addrs []netip.Addr
	for _, a := range n.addresses {
		if !slices.Contains(addrs, a.prefix.Addr()) {
			addrs = append(addrs, a.prefix.Addr())
		}
	}
	return addrs
}

// fqdn is the hostname with its domain, if it has one.
func (n network) fqdn() string {
	return strings.TrimSuffix(n.hostname+"."+n.domain, ".")
}

func networkWithoutConfig(opts Options, identity string) network {
	n := network{hostname: stableHostname(identity), timeServers: []string{"time.cloudflare.com"}}
	n.addresses = opts.leases()
	return n
}

// leases are the addresses that DHCP hands to the first link.
func (o *Options) leases() []linkAddress {
	var leases []linkAddress
	for _, prefix := range o.Addresses {
		leases = append(leases, linkAddress{o.Hardware.Links[0].Name, prefix})
	}
	return leases
}

// networkOf works out what a config makes of the machine's links. A device that selects no link of the machine
// gets no address, as on a real machine, which may then be unreachable: each is a warning.
func networkOf(opts Options, identity string, cfg config.Provider) (n network, warnings []string) {
	machine := cfg.Machine().Network()
	n = networkWithoutConfig(opts, identity)
	n.addresses = nil
	n.hostname, n.domain, _ = strings.Cut(cmp.Or(cfg.NetworkHostnameConfig().Hostname(), n.hostname), ".")
	if time := cfg.NetworkTimeSyncConfig(); time != nil && len(time.Servers()) > 0 {
		n.timeServers = time.Servers()
	}
	for _, resolver := range cfg.NetworkResolverConfig().Resolvers() {
		n.resolvers = append(n.resolvers, resolver.Addr)
	}

	first := opts.Hardware.Links[0].Name
	// A link that no device mentions is left to DHCP.
	leased := true
	for _, device := range machine.Devices() {
		name, members := matchDevice(device, opts.Hardware.Links)
		if slices.Contains(members, first) {
			leased = leased && device.DHCP() && !device.Ignore()
		}
		if device.Ignore() {
			continue
		}
		if len(members) == 0 && !device.Dummy() && device.WireguardConfig() == nil {
			warnings = append(warnings, fmt.Sprintf("network device %s: no link of this machine matches, so it gets no address", describe(device)))
			continue
		}
		n.add(name, device.Addresses())
		n.addVIP(name, device.VIPConfig())
		for _, vlan := range device.Vlans() {
			link := nethelpers.VLANLinkName(name, vlan.ID())
			n.add(link, vlan.Addresses())
			n.addVIP(link, vlan.VIPConfig())
		}
	}
	if leased {
		n.addresses = append(n.addresses, opts.leases()...)
	}
	return n, warnings
}

func (n *network) add(link string, addresses []string) {
	for _, address := range addresses {
		// Validation has refused what cannot be parsed.
		if prefix, err := netip.ParsePrefix(address); err == nil {
			n.addresses = append(n.addresses, linkAddress{link, prefix})
		} else if addr, err := netip.ParseAddr(address); err == nil {
			n.addresses = append(n.addresses, linkAddress{link, netip.PrefixFrom(addr, addr.BitLen())})
		}
	}
}

func (n *network) addVIP(link string, vip configtypes.VIPConfig) {
	if vip == nil {
		return
	}
	if addr, err := netip.ParseAddr(vip.IP()); err == nil {
		n.vips = append(n.vips, linkAddress{link, netip.PrefixFrom(addr, addr.BitLen())})
	}
}

func describe(device configtypes.Device) string {
	return cmp.Or(device.Interface(), describeSelector(device.Selector()))
}
