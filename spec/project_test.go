package spec_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

// apart turns the common three-node stack into another one that shares nothing with it.
var apart = strings.NewReplacer(
	"10.0.", "10.8.", "52:54:00:00:00", "52:54:00:00:08", "AAA", "ZZZ", "domain: example.com", "domain: example.org",
	"accountID", "tunnelName: other, accountID",
)

// shared names what each of two stacks of one project takes from the other.
var shared = map[string]struct {
	replace []string
	want    []string
}{
	"nothing": {},
	"a VIP": {
		replace: []string{"vip: 10.8.50.50", "vip: 10.0.50.50", "nodeCIDRs: [10.8.0.0/16]", "nodeCIDRs: [10.8.0.0/16, 10.0.0.0/16]", "name: k1,", "name: k1, secondaryAddresses: [10.0.51.1],", "name: k2,", "name: k2, secondaryAddresses: [10.0.51.2],", "name: k3,", "name: k3, secondaryAddresses: [10.0.51.3],"},
		want:    []string{"error network.vip: 10.0.50.50 is also network.vip of stack a: two machines would answer for it"},
	},
	"a machine": {
		replace: []string{"52:54:00:00:08:11", "52:54:00:00:00:11", "ZZZ111", "AAA111"},
		want: []string{
			"error nodes[0].installDisk.serial: AAA111 is also nodes[0].installDisk.serial of stack a: one disk can be in one machine only",
			"error nodes[0].mac: 52:54:00:00:00:11 is also nodes[0].mac of stack a: one machine can be in one cluster only",
		},
	},
	"a pool": {
		replace: []string{"10.8.50.100-10.8.50.150", "10.8.50.100-10.8.50.150, 10.0.50.150-10.0.50.160"},
		want:    []string{"error cilium.pools[0].blocks[1]: 10.0.50.150-10.0.50.160 overlaps cilium.pools[0].blocks[0] of stack a (10.0.50.100-10.0.50.150): both clusters would hand out the same addresses"},
	},
	"a pool over the other's node": {
		replace: []string{"10.8.50.100-10.8.50.150", "10.8.50.100-10.8.50.150, 10.0.50.13"},
		want:    []string{"error cilium.pools[0].blocks[1]: 10.0.50.13 contains 10.0.50.13, which is nodes[2].address of stack a (k3)"},
	},
	"a DHCP range over the other's VIP": {
		replace: []string{"    vip:", "    dhcpRanges: [10.0.50.40-10.0.50.60]\n    vip:"},
		want:    []string{"error network.dhcpRanges[0]: 10.0.50.40-10.0.50.60 contains 10.0.50.50, which is network.vip of stack a (the VIP): the router would give it away"},
	},
	"a node network of another size": {
		replace: []string{"nodeCIDRs: [10.8.0.0/16]", "nodeCIDRs: [10.8.0.0/16, 10.0.60.0/24]"},
		want:    []string{"error network.nodeCIDRs[1]: 10.0.60.0/24 overlaps network.nodeCIDRs[0] of stack a (10.0.0.0/16), but is not the same: machines of one network have one prefix length"},
	},
	"pods over the other's nodes": {
		replace: []string{"    vip:", "    podCIDRs: [10.0.0.0/16]\n    vip:"},
		want:    []string{"warning network.podCIDRs[0]: 10.0.0.0/16 overlaps network.nodeCIDRs[0] of stack a (10.0.0.0/16): the pods of one cluster cannot reach the nodes of the other"},
	},
	"a name": {
		replace: []string{"    domain:", "    name: a\n    domain:"},
		want:    []string{"error cluster.name: a is also cluster.name of stack a: kubectl and talosctl could not tell the clusters apart"},
	},
	"a domain": {
		replace: []string{"example.org", "example.com"},
		want:    []string{"warning cluster.domain: example.com is also cluster.domain of stack a: a host name can lead to only one of the clusters"},
	},
	"a tunnel": {
		replace: []string{"tunnelName: other", "tunnelName: a"},
		want:    []string{"error edge.cloudflare.tunnelName: a is also edge.cloudflare.tunnelName of stack a: requests would reach either cluster by chance"},
	},
	"a DNS owner": {
		replace: []string{"  home-ops:edge:\n", "  home-ops:edge:\n    dns: { txtOwnerID: a }\n"},
		want:    []string{"error edge.dns.txtOwnerID: a is also edge.dns.txtOwnerID of stack a: the clusters would delete each other's DNS records"},
	},
	"a directory of the repository": {
		replace: []string{"home.git", "home.git\n    path: ./kubernetes/clusters/a/"},
		want:    []string{"error flux.path: kubernetes/clusters/a is also flux.path of stack a: each cluster would apply the other's settings"},
	},
}

func TestValidateProject_RefusesWhatStacksCannotShare(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "valid", "three-nodes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := spec.Load("a", data)
	for name, tt := range shared {
		t.Run(name, func(t *testing.T) {
			b, problems := spec.Load("b", []byte(strings.NewReplacer(tt.replace...).Replace(apart.Replace(string(data)))))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			// The order in which the stacks are given does not matter.
			for _, stacks := range [][]*spec.Stack{{a, b}, {b, a}} {
				if got := lines(spec.ValidateProject(stacks)); !slices.Equal(got, tt.want) {
					t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
				}
			}
		})
	}
}

func TestValidateProject_RefusesSharedRoutersHooksAndProtection(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "valid", "bgp-off-network-pool.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	hook := "home.git\n    webhook: { host: hook.example.com }\n    github: { protection: true }"
	a, _ := spec.Load("a", []byte(strings.ReplaceAll(string(data), "home.git", hook)))
	other := apart.Replace(string(data))
	other = strings.NewReplacer("home.git", hook, "address: 10.8.0.1,", "address: 10.0.0.1, multihop: 2,", "10.1.0.", "10.11.0.").Replace(other)
	b, _ := spec.Load("b", []byte(other))
	want := []string{
		"error cilium.bgp.peers[0]: AS 64514 with router 10.0.0.1 is also cilium.bgp.peers[0] of stack a: the router could not tell the clusters' routes apart; give this stack a localASN of its own",
		"error flux.github.protection: the protection of branch main is also flux.github.protection of stack a: two owners would undo each other's settings; let one stack have it",
		"error flux.webhook.host: hook.example.com is also flux.webhook.host of stack a: the Git server would tell only one of the clusters",
	}
	if got := lines(spec.ValidateProject([]*spec.Stack{a, b})); !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
