package spec

import (
	"maps"
	"net/netip"
	"reflect"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// defaulter is a type that states its fixed defaults.
type defaulter interface{ defaults() }

// ApplyDefaults fills a zero value of any of this package's types with its fixed defaults, those of the
// objects inside it first. Defaults that depend on other values are made by the loader.
func ApplyDefaults(v any) { applyDefaults(reflectElem(v)) }

func applyDefaults(v reflect.Value) {
	if v.Kind() != reflect.Struct || !v.CanAddr() {
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			applyDefaults(v.Field(i))
		}
	}
	if d, ok := v.Addr().Interface().(defaulter); ok {
		// An embedded type's method is promoted; it has been called already.
		if !promoted(v.Type()) {
			d.defaults()
		}
	}
}

// promoted reports whether t has its defaults method only from an embedded field.
func promoted(t reflect.Type) bool { return t == reflect.TypeFor[Node]() }

// inherit gives each node the settings of nodeDefaults that it does not set itself.
func (s *Stack) inherit() {
	settings := reflect.TypeFor[NodeSettings]()
	for f := range settings.NumField() {
		key := keyOf(settings.Field(f))
		from, common := field.NewPath("nodeDefaults", key), reflectElem(&s.NodeDefaults).Field(f)
		if !s.isSet(from) {
			continue
		}
		for i := range s.Nodes {
			path, own := nodePath(i).Child(key), reflectElem(&s.Nodes[i].NodeSettings).Field(f)
			switch {
			case !s.isSet(path):
				own.Set(common)
				s.inheritFrom(path, from)
			case common.Kind() == reflect.Map:
				own.Set(mergeMaps(common, own))
				for _, k := range common.MapKeys() {
					if at := entry(path, k.String()); !s.isSet(at) {
						s.inheritFrom(at, entry(from, k.String()))
					}
				}
			}
		}
	}
}

func mergeMaps(common, own reflect.Value) reflect.Value {
	out := reflect.MakeMap(common.Type())
	for _, m := range []reflect.Value{common, own} {
		for _, k := range m.MapKeys() {
			out.SetMapIndex(k, m.MapIndex(k))
		}
	}
	return out
}

// derive makes the defaults that depend on other values of the stack.
func (s *Stack) derive() {
	if s.Cluster.Name == "" && !s.isSet(field.NewPath("cluster", "name")) {
		s.Cluster.Name = s.Name
	}
	if !s.isSet(field.NewPath("cluster", "allowSchedulingOnControlPlanes")) {
		s.Cluster.AllowSchedulingOnControlPlanes = len(s.Nodes) > 0 && len(s.Workers()) == 0
	}
	s.deriveNetwork()
	s.deriveNodes()
	s.deriveCilium()
	s.deriveStorage()
	s.addNeeds()
	s.deriveFlux()
	s.deriveEdge()
	s.deriveSecrets()
}

func (s *Stack) deriveNetwork() {
	n := &s.Network
	pods := map[bool]string{false: "10.42.0.0/16", true: "fd00:42::/56"}
	services := map[bool]string{false: "10.43.0.0/16", true: "fd00:43::/112"}
	if !s.isSet(podCIDRs) && len(n.PodCIDRs) == 0 {
		n.PodCIDRs = perFamily(families(n.NodeCIDRs), pods)
	}
	if !s.isSet(serviceCIDRs) && len(n.ServiceCIDRs) == 0 {
		n.ServiceCIDRs = perFamily(families(n.PodCIDRs), services)
	}
	if !s.isSet(field.NewPath("network", "gateways")) && len(n.Gateways) == 0 {
		for _, p := range n.NodeCIDRs {
			if p.IsValid() && p.Addr().Is4() && p.Bits() < 31 {
				n.Gateways = append(n.Gateways, p.Masked().Addr().Next())
			}
		}
	}
	if !s.isSet(field.NewPath("network", "dnsServers")) && len(n.DNSServers) == 0 {
		if len(n.NodeCIDRs) > 0 && !hasFamily(n.NodeCIDRs, false) {
			n.DNSServers = []netip.Addr{netip.MustParseAddr("2606:4700:4700::1111"), netip.MustParseAddr("2606:4700:4700::1001")}
		} else {
			n.DNSServers = []netip.Addr{netip.MustParseAddr("1.1.1.1"), netip.MustParseAddr("1.0.0.1")}
		}
	}
}

// families lists the address families of ps in order; true is IPv6.
func families(ps []netip.Prefix) []bool {
	var out []bool
	seen := map[bool]bool{}
	for _, p := range ps {
		if six := p.Addr().Is6(); p.IsValid() && !seen[six] {
			seen[six] = true
			out = append(out, six)
		}
	}
	return out
}

func perFamily(order []bool, prefixes map[bool]string) []netip.Prefix {
	var out []netip.Prefix
	for _, six := range order {
		out = append(out, netip.MustParsePrefix(prefixes[six]))
	}
	return out
}

func (s *Stack) deriveNodes() {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		at := nodePath(i)
		if !s.isSet(at.Child("vlan")) && !s.isSet(field.NewPath("nodeDefaults", "vlan")) {
			n.VLAN = s.Network.VLAN
			s.inheritFrom(at.Child("vlan"), field.NewPath("network", "vlan"))
		}
		if n.MTU == 0 {
			n.MTU = s.Network.MTU
			s.inheritFrom(at.Child("mtu"), field.NewPath("network", "mtu"))
		}
		for j := range n.KubeletMounts {
			if m := &n.KubeletMounts[j]; m.Destination == "" {
				// The slice may be shared with nodeDefaults; the value is the same there.
				m.Destination = m.Source
			}
		}
		if n.Bond != nil {
			n.Bond.derive()
		}
		for j := range n.ExtraLinks {
			if b := n.ExtraLinks[j].Bond; b != nil {
				b.derive()
			}
		}
		n.Labels = maps.Clone(n.Labels)
	}
}

func (s *Stack) inheritFrom(path, from *field.Path) {
	if s.source != nil {
		s.source.inherited[textOf(path)] = textOf(from)
	}
}

// derive makes the defaults that depend on the mode.
func (b *Bond) derive() {
	if b.Mode == BondLACP && b.LACPRate == "" {
		b.LACPRate = "fast"
	}
	if (b.Mode == BondLACP || b.Mode == BondXOR) && b.HashPolicy == "" {
		b.HashPolicy = "layer3+4"
	}
}
