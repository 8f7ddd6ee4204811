package rehearsal

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestLeaseOf_IsNobodysAddressWhereDHCPGivesThemAway(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*spec.Stack)
		taken  string
		want   string
		at     string
		none   bool
	}{
		"the end of a range": {want: "10.0.9.255/16"},
		"one that is free":   {taken: "10.0.9.255", want: "10.0.9.254/16"},
		"of a small network": {change: networks("192.168.7.0/24"), want: "192.168.7.254/24"},
		"of a large network": {change: networks("10.0.0.0/16"), want: "10.0.255.254/16", at: "HOMEOPS_AT=worker-3=10.0.255.254"},
		"of both families":   {change: networks("fd00::/64", "10.0.0.0/22"), want: "10.0.3.254/22"},
		"of a machine that is not known": {
			change: func(s *spec.Stack) {
				s.Nodes[4].MAC, s.Nodes[4].Interface, s.Nodes[4].InstallDisk = spec.MAC{}, "eth0", spec.DiskSelector{Path: "/dev/sda"}
			}, want: "10.0.9.255/16", at: "HOMEOPS_AT=worker-3=10.0.9.255",
		},
		"of IPv6 alone": {change: networks("fd00::/64"), none: true},
		"of machines that keep what DHCP gives": {change: func(s *spec.Stack) {
			for i := range s.Nodes {
				s.Nodes[i].DHCP = true
			}
		}, none: true},
	} {
		stack := spectest.Home(t)
		if c.change != nil {
			c.change(stack)
		}
		var taken []netip.Addr
		if c.taken != "" {
			taken = append(taken, netip.MustParseAddr(c.taken))
		}
		l := leaseOf(stack, taken)
		if (l.node == "") != c.none {
			t.Errorf("%s: %+v", name, l)
			continue
		}
		if c.none {
			continue
		}
		if l.node != "worker-3" || l.prefix.String() != c.want || l.named != (c.at != "") || c.at != "" && !slices.Equal(l.environment(), []string{c.at}) {
			t.Errorf("%s: %+v, %q", name, l, l.environment())
		}
		if searched := slices.Contains(discover.SearchOf(stack.Network).Addresses, l.prefix.Addr()); !searched && !l.named {
			t.Errorf("%s: nobody looks at %s, and nobody names it", name, l.prefix)
		}
		if got := l.of(stack, stack.Nodes[4]); len(got) != 1 || got[0] != l.prefix {
			t.Errorf("%s: worker-3 has %v", name, got)
		}
		if got := l.of(stack, stack.Nodes[3]); got[0].Addr() != stack.Nodes[3].Address {
			t.Errorf("%s: worker-2 has %v", name, got)
		}
	}
}

func networks(prefixes ...string) func(*spec.Stack) {
	return func(s *spec.Stack) {
		s.Network.DHCPRanges, s.Network.NodeCIDRs = nil, nil
		for _, p := range prefixes {
			s.Network.NodeCIDRs = append(s.Network.NodeCIDRs, netip.MustParsePrefix(p))
		}
	}
}

func TestInside_IsInTheOrderInWhichTheStackComesToIt(t *testing.T) {
	for node, want := range map[string][]string{
		"cp-2":     {"at the first apply", "at the last apply", "at bootstrap"},
		"worker-3": {"at the first apply", "at bootstrap", "at the last apply"},
		"":         {"at the first apply", "at the last apply", "at bootstrap"},
	} {
		r := &rehearsal{stack: spectest.Home(t), lease: lease{node: node}}
		var got []string
		for _, at := range r.inside()[:3] {
			got = append(got, at.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q without a reservation: %q, want %q", node, got, want)
		}
	}
}
