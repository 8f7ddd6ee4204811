package main

import (
	"strings"
	"testing"
)

func TestEndpoint_IsWhereTheAPIAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		stack, want string
	}{
		"a VIP":         {good(t), "https://10.0.50.50:6443\n"},
		"one node":      {single("192.168.1.10", "192.168.1.0/24"), "https://192.168.1.10:6443\n"},
		"IPv6 alone":    {single("fd00:1::10", "fd00:1::/64"), "https://[fd00:1::10]:6443\n"},
		"with an error": {good(t, "domain:", "domian:"), "https://10.0.50.50:6443\n"},
	} {
		project(t, map[string]string{"home": c.stack})
		if got := homeops(t, "", "endpoint", "home"); got.code != exitOK || got.out != c.want {
			t.Errorf("%s: got %+v, want %s", name, got, c.want)
		}
	}
}

// single is a stack of one node.
func single(address, network string) string {
	return strings.NewReplacer("ADDRESS", address, "NETWORK", network).Replace(`config:
  home-ops:cluster: { domain: example.com, talosVersion: v1.11.1, talosContract: v1.11, kubernetesVersion: v1.34.1 }
  home-ops:network: { nodeCIDRs: ["NETWORK"] }
  home-ops:nodes: [{ name: one, role: controlPlane, address: "ADDRESS", interface: enp1s0, installDisk: { path: /dev/sda } }]
  home-ops:flux: { repository: https://git.example.com/me/home.git }
`)
}

func TestStacks_ListsWhatTheProjectHas(t *testing.T) {
	project(t, map[string]string{"house": good(t), "shed": other(t)})
	if got := homeops(t, "", "stacks"); got.out != "house\nshed\n" || got.code != exitOK {
		t.Errorf("got %+v", got)
	}
}
