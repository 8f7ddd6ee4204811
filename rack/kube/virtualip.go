package kube

import (
	"net"
	"slices"
	"strconv"

	"github.com/siderolabs/talos/pkg/machinery/config"

	"github.com/home-ops/home-ops/rack/kube/forward"
)

// virtualIP is an address that one control plane at a time holds.
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

// moveVirtualIPs gives each virtual IP to a control plane that claims it and whose API server lives; it stays where it
// is as long as that does. Real control planes elect the holder in etcd, so without a quorum, or before the bootstrap,
// nobody holds one.
func (f *Fabric) moveVirtualIPs(planes []*plane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	claims := map[string][]*plane{}
	for _, p := range planes {
		for _, address := range virtualAddresses(p.current().Config) {
			claims[address] = append(claims[address], p)
			if f.virtual[address] == nil {
				f.virtual[address] = &virtualIP{forwarder: forward.New(address, f.log)}
			}
		}
	}
	for address, v := range f.virtual {
		v.move(address, claims[address])
	}
}

func (v *virtualIP) move(address string, claims []*plane) {
	if v.holder != nil && slices.Contains(claims, v.holder) && v.holder.serving() {
		return
	}
	before := v.holder
	v.holder = nil
	if i := slices.IndexFunc(claims, (*plane).serving); i >= 0 {
		v.holder = claims[i]
	}
	switch {
	case v.holder != nil:
		v.holder.log.Info("virtual IP acquired", "address", address)
		v.forwarder.SetTargets(v.holder.current().Host())
	case before != nil:
		before.log.Info("virtual IP lost, nobody can hold it", "address", address)
		v.forwarder.SetTargets()
	}
}

// holders maps each virtual address to the rack name of its holder.
func (f *Fabric) holders() map[string]string {
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
