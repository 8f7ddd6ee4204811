package machineconfig

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// networkConfig is the network as the main document has it. The host name is left
// out where the contract has a document for it.
func networkConfig(stack *spec.Stack, node spec.Node) *v1alpha1.NetworkConfig {
	network := &v1alpha1.NetworkConfig{
		NetworkInterfaces: nodeDevices(stack, node),
		NameServers:       texts(stack.Network.DNSServers),
	}
	for _, address := range slices.Sorted(maps.Keys(node.Hosts)) {
		network.ExtraHostEntries = append(network.ExtraHostEntries,
			&v1alpha1.ExtraHost{HostIP: address, HostAliases: node.Hosts[address]})
	}
	return network
}

// addressing is what a link carries, on the wire as it is or under a VLAN tag.
type addressing struct {
	addresses []string
	routes    []*v1alpha1.Route
	dhcp      bool
	options   *v1alpha1.DHCPOptions
	vip       *v1alpha1.DeviceVIPConfig
	mtu       int
}

// nodeDevices are the node's links: the one with its address first.
func nodeDevices(stack *spec.Stack, node spec.Node) []*v1alpha1.Device {
	var links links
	main := links.device(spec.Link{MAC: node.MAC, Interface: node.Interface, Card: node.Card, Bond: node.Bond})
	if node.Bridge != nil {
		port := main
		port.DeviceMTU = max(port.DeviceMTU, node.MTU)
		port.DeviceBridgePort = &v1alpha1.BridgePort{BridgePortMaster: node.Bridge.Name}
		main = links.named(&v1alpha1.Device{
			DeviceInterface: node.Bridge.Name,
			DeviceBridge: &v1alpha1.Bridge{
				BridgeSTP: &v1alpha1.STP{STPEnabled: pointer.To(node.Bridge.STP)},
			},
		})
	}
	carry(main, node.VLAN, mainAddressing(stack, node))

	for _, extra := range node.ExtraLinks {
		device := links.device(extra)
		carry(device, extra.VLAN, extraAddressing(extra))
	}
	return links.devices
}

func mainAddressing(stack *spec.Stack, node spec.Node) addressing {
	a := addressing{routes: routes(node.Routes), dhcp: node.DHCP || node.Lease, mtu: node.MTU}
	for _, prefix := range stack.InterfacePrefixes(node) {
		if node.DHCP && prefix.Addr() == node.Address {
			continue
		}
		a.addresses = append(a.addresses, prefix.String())
	}
	if node.DHCP && node.Address.Is6() {
		a.options = &v1alpha1.DHCPOptions{
			DHCPRouteMetric: routeMetric, DHCPIPv4: pointer.To(false), DHCPIPv6: pointer.To(true),
		}
	}
	if node.Lease {
		a.options = behind()
	}
	for _, gateway := range stack.DefaultGateways(node) {
		if node.DHCP && gateway.Is6() == node.Address.Is6() {
			continue // the lease brings it
		}
		a.routes = append(a.routes, &v1alpha1.Route{
			RouteNetwork: everywhere(gateway).String(), RouteGateway: gateway.String(),
		})
	}
	if node.IsControlPlane() && stack.Network.VIP.IsValid() {
		a.vip = &v1alpha1.DeviceVIPConfig{SharedIP: stack.Network.VIP.String()}
	}
	return a
}

func extraAddressing(link spec.Link) addressing {
	a := addressing{
		addresses: texts(link.Addresses), routes: routes(link.Routes), dhcp: link.DHCP, mtu: link.MTU,
	}
	if link.DHCP {
		a.options = behind()
	}
	return a
}

// behind asks for a lease whose default route loses against those of network.gateways.
func behind() *v1alpha1.DHCPOptions { return &v1alpha1.DHCPOptions{DHCPRouteMetric: 2 * routeMetric} }

// routeMetric is Talos's default for routes from a lease.
const routeMetric = 1024

// carry puts an addressing on a device, or on a VLAN of it. The device's own MTU
// must let through the largest of its VLANs.
func carry(device *v1alpha1.Device, vlan int, a addressing) {
	device.DeviceMTU = max(device.DeviceMTU, a.mtu)
	if device.DeviceDHCP == nil {
		device.DeviceDHCP = pointer.To(false)
	}
	if vlan != 0 {
		device.DeviceVlans = append(device.DeviceVlans, &v1alpha1.Vlan{
			VlanID:          uint16(vlan),
			VlanAddresses:   a.addresses,
			VlanRoutes:      a.routes,
			VlanDHCP:        pointer.To(a.dhcp),
			VlanDHCPOptions: a.options,
			VlanMTU:         uint32(a.mtu),
			VlanVIP:         a.vip,
		})
		return
	}
	device.DeviceAddresses = append(device.DeviceAddresses, a.addresses...)
	device.DeviceRoutes = append(device.DeviceRoutes, a.routes...)
	device.DeviceDHCP = pointer.To(a.dhcp)
	device.DeviceDHCPOptions = a.options
	if a.vip != nil {
		device.DeviceVIPConfig = a.vip
	}
}

func routes(in []spec.Route) []*v1alpha1.Route {
	var out []*v1alpha1.Route
	for _, route := range in {
		r := &v1alpha1.Route{RouteNetwork: route.To.String(), RouteMetric: uint32(route.Metric)}
		if route.Via.IsValid() {
			r.RouteGateway = route.Via.String()
		}
		out = append(out, r)
	}
	return out
}

// everywhere is the default route's destination in the family of a.
func everywhere(a netip.Addr) netip.Prefix {
	if a.Is6() {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// links collects a node's devices: a card that is named twice, to put several
// VLANs on it, stays one device.
type links struct {
	devices []*v1alpha1.Device
	byName  map[string]*v1alpha1.Device
}

func (l *links) add(device *v1alpha1.Device) *v1alpha1.Device {
	l.devices = append(l.devices, device)
	return device
}

// named adds a device that further links may stand on by its name.
func (l *links) named(device *v1alpha1.Device) *v1alpha1.Device {
	if l.byName == nil {
		l.byName = map[string]*v1alpha1.Device{}
	}
	l.byName["/"+device.DeviceInterface+"/"] = device
	return l.add(device)
}

func (l *links) device(link spec.Link) *v1alpha1.Device {
	mac, name, bond := link.MAC, link.Interface, link.Bond
	// A further VLAN on a bond names it as an interface: both are one device.
	key := strings.Join([]string{mac.String(), name, link.Card.String()}, "/")
	if bond != nil {
		key = "/" + bond.Name + "/"
	}
	if known, ok := l.byName[key]; ok {
		return known
	}
	var device *v1alpha1.Device
	switch {
	case bond != nil:
		device = &v1alpha1.Device{DeviceInterface: bond.Name, DeviceBond: bondConfig(bond)}
	case !mac.IsZero():
		device = &v1alpha1.Device{DeviceSelector: cardSelector(mac)}
	case !link.Card.IsZero():
		device = &v1alpha1.Device{DeviceSelector: describedCard(link.Card)}
	default:
		device = &v1alpha1.Device{DeviceInterface: name}
	}
	if l.byName == nil {
		l.byName = map[string]*v1alpha1.Device{}
	}
	l.byName[key] = device
	return l.add(device)
}

// cardSelector selects by the address burnt into the card: VLANs, bridges and
// bonds take over their card's current address, but never that one.
func cardSelector(mac spec.MAC) *v1alpha1.NetworkDeviceSelector {
	return &v1alpha1.NetworkDeviceSelector{NetworkDevicePermanentAddress: mac.String()}
}

func bondConfig(bond *spec.Bond) *v1alpha1.Bond {
	config := &v1alpha1.Bond{
		BondInterfaces: bond.Interfaces,
		BondMode:       string(bond.Mode),
		BondHashPolicy: string(bond.HashPolicy),
		BondLACPRate:   string(bond.LACPRate),
		BondPrimary:    bond.Primary,
		BondMIIMon:     uint32(bond.MIIMon.Of().Milliseconds()),
	}
	for _, mac := range bond.MACs {
		config.BondDeviceSelectors = append(config.BondDeviceSelectors, *cardSelector(mac))
	}
	return config
}
