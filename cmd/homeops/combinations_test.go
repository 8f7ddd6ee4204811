package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The choices that init offers, and what an owner makes of them by hand. Each combination is a home that somebody has.
var (
	houses = map[string][]string{
		"one node":            {"--control-planes=10.0.50.11", "--vip=none"},
		"one node with a VIP": {"--control-planes=10.0.50.11", "--vip=10.0.50.50"},
		"three nodes":         {"--control-planes=10.0.50.11,10.0.50.12,10.0.50.13", "--vip=10.0.50.50"},
		"three nodes, Ceph":   {"--control-planes=10.0.50.11,10.0.50.12,10.0.50.13", "--vip=10.0.50.50", "--ceph=yes"},
	}
	waysIn = map[string][]string{
		"no gateway":       {"--pool=none"},
		"only the home":    {"--pool=10.0.50.100-10.0.50.149"},
		"Cloudflare":       {"--pool=10.0.50.100-10.0.50.149", "--cloudflare=0123456789abcdef0123456789abcdef", "--email=me@example.org"},
		"external gateway": {"--pool=10.0.50.100-10.0.50.149"}, // without an account; see editedByHand
	}
	stores = map[string][]string{
		"no secrets": {"--secrets=none"}, "SOPS": {"--secrets=sops"}, "1Password": {"--secrets=onepassword=home"},
	}
)

// editedByHand adds to a stack file what init does not ask for: an external gateway without Cloudflare, and the secrets
// that only their owner can set.
func editedByHand(t *testing.T, file, way string) {
	t.Helper()
	if way == "external gateway" {
		edited(t, file, "      internal: [10.0.50.101]\n", "      internal: [10.0.50.101]\n      external: [10.0.50.102]\n")
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if strings.Contains(text, "onePassword:") {
		text += "  home-ops:onepasswordCredentials: { secure: x }\n  home-ops:onepasswordToken: { secure: x }\n"
	}
	if strings.Contains(text, "cloudflare:") {
		text += "  home-ops:cloudflareApiToken: { secure: x }\n"
	}
	write(t, file, text)
}

// Every combination validates, with its tree, and renders, with every setting given; those with monitoring also
// without it.
func TestCombinations_OfWhatAHomeHasGiveAStackThatWorks(t *testing.T) {
	dir := treeProject(t)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	const file, cluster = "Pulumi.house.yaml", "kubernetes/clusters/house/kustomization.yaml"
	tried := 0
	for house, houseFlags := range houses {
		for way, wayFlags := range waysIn {
			for store, storeFlags := range stores {
				name := fmt.Sprintf("%s, %s, %s", house, way, store)
				t.Run(name, func(t *testing.T) {
					tried++
					args := slices.Concat([]string{"house", "--yes", "--domain=house.example.org", "--repository=https://github.com/me/house.git"}, houseFlags, wayFlags, storeFlags)
					if got := begin(t, rackOf(t), "", args...); got.code != exitOK {
						t.Fatalf("init: %+v", got)
					}
					editedByHand(t, file, way)
					works(t)
					content, err := os.ReadFile(cluster)
					if err != nil {
						t.Fatal(err)
					}
					monitored := strings.Contains(string(content), "  - ../../apps/monitoring\n")
					if want := house == "three nodes, Ceph" && store == "1Password" && way != "no gateway"; monitored != want {
						t.Errorf("monitoring: %t, want %t", monitored, want)
					}
					if monitored {
						edited(t, cluster, "  - ../../apps/monitoring\n", "")
						works(t)
					}
				})
				for _, path := range []string{file, filepath.Dir(cluster), ".sops.yaml"} {
					if err := os.RemoveAll(path); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if want := len(houses) * len(waysIn) * len(stores); tried != want {
		t.Errorf("%d combinations were tried, want %d", tried, want)
	}
}

func works(t *testing.T) {
	t.Helper()
	if got := homeops(t, "", "validate", "house"); got.code != exitOK {
		t.Errorf("validate:\n%s%s", got.out, got.err)
	}
	if got := homeops(t, "", "render", "house"); got.code != exitOK {
		t.Errorf("render:\n%s%s", got.out, got.err)
	}
}
