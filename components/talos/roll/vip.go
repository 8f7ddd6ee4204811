package roll

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/types/network"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// releaseVIP has a control plane that is about to leave etcd give up the VIP, if it has that, and returns when another has it.
//
// Who has the VIP is decided by an election in etcd, in which a machine votes through its own member. A reboot, an upgrade, a
// shutdown and a reset resign before they stop etcd. A call to leave etcd does not: the place in the election stays until
// nobody has renewed it for a minute, and nobody has the VIP meanwhile. A machine whose config has no VIP any more resigns at
// once (https://github.com/siderolabs/talos/blob/v1.14.1/internal/app/machined/pkg/controllers/network/operator/vip.go).
func (r *Roll) releaseVIP(ctx context.Context, machine Machine, node Node) error {
	var vips []netip.Addr
	return r.wait(ctx, node.Name, "another control plane to have the VIP", r.limits.Settle, func(ctx context.Context) error {
		current, err := presentConfig(ctx, machine)
		if err != nil {
			return err
		}
		without, found, err := withoutVIPs(current)
		if err != nil {
			return fmt.Errorf("its present config: %w", err)
		}
		if len(found) > 0 {
			vips = found
			if err := machine.Apply(ctx, without, Now); err != nil {
				return err
			}
		}
		if len(vips) == 0 {
			return nil
		}
		carried, err := machine.Addresses(ctx)
		if err != nil {
			return err
		}
		// Talos takes the address off the link after it has resigned.
		for _, vip := range vips {
			if slices.Contains(carried, vip) {
				return fmt.Errorf("it still has %s", vip)
			}
		}
		return r.carried(ctx, node, vips)
	})
}

// carried is nil when for each VIP one of the other control planes that stand for it has it, and at least one of them has said so. One
// that has died in the last minute keeps its place in the election, and nobody behind it has its turn before that has ended.
func (r *Roll) carried(ctx context.Context, node Node, vips []netip.Addr) error {
	var others []Node
	for _, other := range r.all {
		if other.ControlPlane && other.Name != node.Name {
			others = append(others, other)
		}
	}
	stand, have, silent := make([][]netip.Addr, len(others)), make([][]netip.Addr, len(others)), make([]error, len(others))
	// All at once: one that is off takes the whole time.
	var asking sync.WaitGroup
	for i, other := range others {
		asking.Go(func() { stand[i], have[i], silent[i] = r.standsFor(ctx, other) })
	}
	asking.Wait()
	if len(others) > 0 && !slices.Contains(silent, nil) {
		return fmt.Errorf("no other control plane answers: %w", silent[0])
	}
	for _, vip := range vips {
		if slices.Contains(slices.Concat(stand...), vip) && !slices.Contains(slices.Concat(have...), vip) {
			return fmt.Errorf("nobody has %s yet", vip)
		}
	}
	return nil
}

// standsFor are the VIPs for which a machine stands, and the addresses that it has.
func (r *Roll) standsFor(ctx context.Context, node Node) (vips, addresses []netip.Addr, err error) {
	machine, err := r.machine(node)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := presentConfig(ctx, machine)
	if err != nil {
		return nil, nil, err
	}
	if addresses, err = machine.Addresses(ctx); err != nil {
		return nil, nil, err
	}
	_, vips, err = withoutVIPs(cfg)
	return vips, addresses, err
}

// withoutVIPs is a config that stands for no VIP, and the VIPs that it stood for.
func withoutVIPs(cfg talosconfig.Provider) (without []byte, vips []netip.Addr, err error) {
	take := func(ip string) error {
		vip, err := netip.ParseAddr(ip)
		vips = append(vips, vip)
		return err
	}
	var kept []config.Document
	for _, document := range cfg.Clone().Documents() {
		switch document := document.(type) {
		case *network.Layer2VIPConfigV1Alpha1:
			if err := take(document.MetaName); err != nil {
				return nil, nil, err
			}
			continue
		case *v1alpha1.Config:
			for _, shared := range sharedIPs(document) {
				if err := take((*shared).SharedIP); err != nil {
					return nil, nil, err
				}
				*shared = nil
			}
		}
		kept = append(kept, document)
	}
	left, err := container.New(kept...)
	if err != nil {
		return nil, nil, err
	}
	without, err = left.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
	return without, vips, err
}

// sharedIPs are the places of the VIPs in the main document: of links, bonds and VLANs.
func sharedIPs(main *v1alpha1.Config) (places []**v1alpha1.DeviceVIPConfig) {
	if main.MachineConfig == nil || main.MachineConfig.MachineNetwork == nil {
		return nil
	}
	for _, device := range main.MachineConfig.MachineNetwork.NetworkInterfaces {
		if device.DeviceVIPConfig != nil {
			places = append(places, &device.DeviceVIPConfig)
		}
		for _, vlan := range device.DeviceVlans {
			if vlan.VlanVIP != nil {
				places = append(places, &vlan.VlanVIP)
			}
		}
	}
	return places
}
