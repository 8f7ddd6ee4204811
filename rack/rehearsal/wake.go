package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/home-ops/home-ops/cmd/homeops/power"
	"github.com/home-ops/home-ops/spec"
)

// listenForWake has the network cards of machines that are off listen for the packet that switches them on, until ctx ends.
func (r *rack) listenForWake(ctx context.Context) error {
	var config net.ListenConfig
	conn, err := config.ListenPacket(ctx, "udp4", fmt.Sprintf(":%d", power.WakePort))
	if err != nil {
		return fmt.Errorf("wake-on-LAN: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	r.running.Go(func() {
		packet := make([]byte, 1500)
		for {
			size, _, err := conn.ReadFrom(packet)
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil:
				r.fault(fmt.Errorf("wake-on-LAN: %w", err))
				return
			}
			r.woken(packet[:size])
		}
	})
	return nil
}

// broadcasts are the addresses at which the machines' network cards are woken.
func broadcasts(s *spec.Stack) []netip.Addr {
	var all []netip.Addr
	for _, network := range s.Network.NodeCIDRs {
		if network.Addr().Is4() {
			all = append(all, power.Broadcast(network))
		}
	}
	return all
}

// woken switches on whom a packet is for.
func (r *rack) woken(packet []byte) {
	for _, m := range r.nodes {
		for _, link := range m.hardware.Links {
			mac, err := net.ParseMAC(link.MAC)
			if err == nil && bytes.Equal(packet, power.Packet(mac)) {
				m.PowerOn()
			}
		}
	}
}
