package cilium

import (
	"slices"
	"testing"
)

func TestRegistered_KindsAreThoseOfWhatIsSwitchedOn(t *testing.T) {
	t.Parallel()
	names := []string{
		"ciliumbgppeerconfigs.cilium.io", "ciliumclusterwideenvoyconfigs.cilium.io", "ciliumclusterwidenetworkpolicies.cilium.io",
		"ciliumegressgatewaypolicies.cilium.io", "ciliumendpoints.cilium.io", "ciliumendpointslices.cilium.io",
		"ciliuml2announcementpolicies.cilium.io", "ciliumlocalredirectpolicies.cilium.io",
	}
	for _, test := range []struct {
		settings Settings
		want     []string
	}{
		{nil, []string{"ciliumclusterwidenetworkpolicies.cilium.io", "ciliumendpoints.cilium.io", "ciliuml2announcementpolicies.cilium.io"}},
		{Settings{
			"enable-bgp-control-plane": "true", "enable-envoy-config": "true", "enable-egress-gateway": "true",
			"enable-cilium-endpoint-slice": "true", "enable-local-redirect-policy": "true",
		}, names},
	} {
		got := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !registered(name, test.settings) })
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: got %q, want %q", test.settings, got, test.want)
		}
	}
}
