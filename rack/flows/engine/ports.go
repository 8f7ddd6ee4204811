package main

import (
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// portsOfPods are the named ports of all pods, by which a rule about the way out finds those of its peers.
type portsOfPods struct{ types.NamedPortMultiMap }

var _ policy.NamedPortsGetter = portsOfPods{}

// GetNamedPorts are those that the agent keeps beside its addresses.
func (p portsOfPods) GetNamedPorts() types.NamedPortMultiMap { return p.NamedPortMultiMap }

// namedPorts are those of the ends, by their identities.
func namedPorts(ids []*identity.Identity, ends []end) policy.NamedPortsGetter {
	all := types.NewNamedPortMultiMap()
	for i, id := range ids {
		for protocol, ports := range map[u8proto.U8proto]map[string]uint16{u8proto.TCP: ends[i].TCP, u8proto.UDP: ends[i].UDP} {
			named := types.NamedPortMap{}
			for name, port := range ports {
				named[name] = types.PortProto{Port: port, Proto: protocol}
			}
			all.Update(id.ID, nil, named)
		}
	}
	return portsOfPods{all}
}
