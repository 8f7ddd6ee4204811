package ciliumio_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
)

func TestInternet_LeavesOutTheHomeAndItsPublicNetworks(t *testing.T) {
	rules := ciliumio.Internet(
		netip.MustParsePrefix("10.0.0.0/16"), // private already
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("2001:db8:1::/48"),
	)
	if got := rules[0].Except; !slices.Equal(got, []string{
		"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.51.100.0/24",
	}) {
		t.Errorf("IPv4 without %v", got)
	}
	if got := rules[1].Except; !slices.Equal(got, []string{"fc00::/7", "fe80::/10", "2001:db8:1::/48"}) {
		t.Errorf("IPv6 without %v", got)
	}
}

func TestHome_IsWhatTheInternetIsNot(t *testing.T) {
	more := netip.MustParsePrefix("198.51.100.0/24")
	var home, left []string
	for _, rule := range ciliumio.Home(more) {
		home = append(home, rule.CIDR)
	}
	for _, rule := range ciliumio.Internet(more) {
		left = append(left, rule.Except...)
	}
	slices.Sort(home)
	slices.Sort(left)
	if !slices.Equal(home, left) {
		t.Errorf("the home is %v, and the internet has all but %v", home, left)
	}
}
