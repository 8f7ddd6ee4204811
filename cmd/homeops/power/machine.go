package power

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
)

// Machine is one machine of the cluster.
type Machine interface {
	// Answers reports whether its Talos does.
	Answers(ctx context.Context) bool
	// Leads reports whether its member is etcd's leader.
	Leads(ctx context.Context) bool
	// Off asks it to stop everything in order and to power off.
	Off(ctx context.Context) error
}

// TalosAPI is a machine's Talos API.
type TalosAPI struct{ roll.TalosAPI }

var _ Machine = TalosAPI{}

// Answers implements [Machine].
func (t TalosAPI) Answers(ctx context.Context) bool {
	is, err := t.Running(ctx)
	return err == nil && !is.Maintenance
}

// Leads implements [Machine].
func (t TalosAPI) Leads(ctx context.Context) bool {
	status, err := t.EtcdStatus(ctx)
	return err == nil && status.Leader == status.ID
}

// Off implements [Machine]. Force leaves out Talos's own cordon and drain: there is no node that pods could go to, and
// those with volumes are gone already.
func (t TalosAPI) Off(ctx context.Context) error {
	_, err := machineapi.NewMachineServiceClient(t.Secure).Shutdown(ctx, &machineapi.ShutdownRequest{Force: true})
	return err
}

// WakePort is the UDP port that Wake-on-LAN is usually sent to: discard. A network card listens to every port.
const WakePort = 9

// Wake sends a machine's network cards the packet that switches them on, where its firmware has Wake-on-LAN enabled.
func Wake(ctx context.Context, node spec.Node, networks []netip.Prefix) error {
	macs := MACs(node)
	if len(macs) == 0 {
		return fmt.Errorf("%s: the stack file has no hardware address of it", node.Name)
	}
	var sent int
	for _, network := range networks {
		if !network.Addr().Is4() || !slices.ContainsFunc(node.Addresses(), network.Contains) {
			continue
		}
		for _, mac := range macs {
			if err := send(ctx, Packet(mac), netip.AddrPortFrom(Broadcast(network), WakePort)); err != nil {
				return fmt.Errorf("%s: wake it: %w", node.Name, err)
			}
			sent++
		}
	}
	if sent == 0 {
		return fmt.Errorf("%s: it is in no IPv4 network, and only those have a broadcast address", node.Name)
	}
	return nil
}

// MACs are the hardware addresses of the cards that a machine has its own address on.
func MACs(node spec.Node) []net.HardwareAddr {
	var all []net.HardwareAddr
	add := func(mac spec.MAC) {
		if parsed, err := net.ParseMAC(mac.String()); err == nil {
			all = append(all, parsed)
		}
	}
	if !node.MAC.IsZero() {
		add(node.MAC)
	}
	if node.Bond != nil {
		for _, mac := range node.Bond.MACs {
			add(mac)
		}
	}
	return all
}

// Packet is the magic packet of a network card: six bytes of ones and sixteen times its address
// (https://www.amd.com/content/dam/amd/en/documents/archived-tech-docs/white-papers/20213.pdf).
func Packet(mac net.HardwareAddr) []byte {
	packet := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for range 16 {
		packet = append(packet, mac...)
	}
	return packet
}

// Broadcast is the last address of an IPv4 network.
func Broadcast(network netip.Prefix) netip.Addr {
	address := network.Masked().Addr().As4()
	for bit := network.Bits(); bit < 32; bit++ {
		address[bit/8] |= 1 << (7 - bit%8)
	}
	return netip.AddrFrom4(address)
}

func send(ctx context.Context, packet []byte, to netip.AddrPort) error {
	var dialer net.Dialer
	dialer.Timeout = 5 * time.Second
	conn, err := dialer.DialContext(ctx, "udp4", net.JoinHostPort(to.Addr().String(), strconv.Itoa(int(to.Port()))))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write(packet)
	return err
}
