package kube

import (
	"net"
	"slices"
	"strconv"

	"github.com/siderolabs/talos/pkg/machinery/config"

	"github.com/home-ops/home-ops/rack/kube/forward"
)

// virtualIP is an address that one control plane at a time holds; see candidates.
type virtualIP struct {
	forwarder *forward.Forwarder
	holder    *plane
}

// virtualAddresses are the API's addresses, host:port, on the virtual IPs in a control plane's config: of a link, a bond
// or a VLAN.
func virtualAddresses(cfg config.Provider) []string {
	var ips []string
	for _, device := range cfg.Machine().Network().Devices() {
		if device.Ignore() {
			continue
		}
		if vip := device.VIPConfig(); vip != nil {
			ips = append(ips, vip.IP())
		}
		for _, vlan := range device.Vlans() {
			if vip := vlan.VIPConfig(); vip != nil {
				ips = append(ips, vip.IP())
			}
		}
	}
	port := strconv.Itoa(cfg.K8sAPIServerConfig().APIPort())
	addresses := make([]string, 0, len(ips))
	for _, ip := range ips {
		addresses = append(addresses, net.JoinHostPort(ip, port))
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}

// standForVirtualIPs has each control plane stand for the virtual IPs of its config.
func (f *Fabric) standForVirtualIPs(planes []*plane) {
	for _, p := range planes {
		addresses := virtualAddresses(p.current().Config)
		f.mu.Lock()
		for _, address := range addresses {
			if f.virtual[address] == nil {
				f.virtual[address] = &virtualIP{forwarder: forward.New(address, f.log)}
			}
		}
		f.mu.Unlock()
		p.candidates.stand(addresses)
	}
}

// hold has an address lead to a control plane, whoever had it before: its neighbours believe the last who announced it.
func (f *Fabric) hold(address string, p *plane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.log.Info("virtual IP acquired", "address", address)
	f.virtual[address].holder = p
	f.virtual[address].forwarder.SetTargets(p.current().Host())
}

// letGo takes an address from a control plane, if it still leads there.
func (f *Fabric) letGo(address string, p *plane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v := f.virtual[address]; v.holder == p {
		p.log.Info("virtual IP given up", "address", address)
		v.holder = nil
		v.forwarder.SetTargets()
	}
}

func (f *Fabric) holds(address string, p *plane) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.virtual[address].holder == p
}

// VirtualIPs maps each virtual IP's API address to the rack name of the node that has it, empty for nobody. It asks no
// server.
func (f *Fabric) VirtualIPs() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	holders := map[string]string{}
	for address, v := range f.virtual {
		holders[address] = ""
		if v.holder != nil {
			holders[address] = v.holder.node
		}
	}
	return holders
}

// forwardOtherAddresses lets an API server answer on all of its node's addresses, as a real one does, though it can be
// bound to only one.
func (f *Fabric) forwardOtherAddresses(planes []*plane) {
	targets := map[string]string{}
	for _, p := range planes {
		spec := p.current()
		for _, address := range spec.Addresses {
			if address != spec.Address && p.serving() {
				targets[net.JoinHostPort(address.String(), strconv.Itoa(spec.Port()))] = spec.Host()
			}
		}
	}
	for address := range targets {
		if f.others[address] == nil {
			f.others[address] = forward.New(address, f.log)
		}
	}
	for address, forwarder := range f.others {
		if target, ok := targets[address]; ok {
			forwarder.SetTargets(target)
		} else {
			forwarder.SetTargets()
		}
	}
}
