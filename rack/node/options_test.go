package node_test

import (
	"net/netip"
	"testing"

	"github.com/home-ops/home-ops/rack/node"
)

func TestNew_TellsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := node.New(node.Options{
		Name:         "cp-1",
		Addresses:    []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
		MediaVersion: "1.11",
		Hardware: node.Hardware{
			Disks: []node.Disk{{Path: "sda", Type: node.DiskSSD}, {Path: "/dev/sdb", Type: "tape"}},
			Links: []node.Link{{Name: "eno1", MAC: "AA:00:00:00:00:01"}, {Name: "eno2", MAC: "aa:00:00:00:00:01"}},
		},
	})
	want := "node cp-1: dir must be set\n" +
		"addresses[0]: 0.0.0.0/0 is not an address a machine can have\n" +
		"kubernetes must be set\n" +
		"mediaVersion: \"1.11\" is not a version: it must begin with v\n" +
		"disks[0].path: \"sda\" must begin with /dev/\n" +
		"disks[1].type: \"tape\" is none of nvme, ssd, hdd, sd\n" +
		"links[1].mac: aa:00:00:00:00:01 is there twice"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestRun_TellsAnAddressThatTheHostDoesNotHave(t *testing.T) {
	t.Parallel()
	n, err := node.New(node.Options{
		Dir: t.TempDir(), Kubernetes: &fakeKubernetes{etcd: &fakeEtcd{}},
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "node 192.0.2.1: address 192.0.2.1: listen tcp 192.0.2.1:50000: bind: cannot assign requested address"
	if err := n.Run(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
