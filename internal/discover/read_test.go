package discover_test

import (
	"context"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/discover/fakenode"
	"github.com/home-ops/home-ops/spec"
)

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

func TestRead_ReportsWhatTheMachineIsMadeOf(t *testing.T) {
	bond := network.NewLinkStatus(network.NamespaceName, "bond0")
	bond.TypedSpec().Type, bond.TypedSpec().Kind = nethelpers.LinkEther, "bond"
	at := fakenode.Start(t, anyPort, !fakenode.Configured, slices.Concat(
		[]resource.Resource{
			fakenode.Disk("sda", block.DiskSpec{Size: 4e12, Model: "WD Red", Serial: "WD-1", Transport: "sata", Rotational: true}),
			fakenode.Disk("nvme0n1", block.DiskSpec{Size: 500e9, Model: "980 PRO", Serial: "S1", WWID: "eui.1", Transport: "nvme", Symlinks: []string{"/dev/disk/by-id/nvme-eui.1"}}),
			fakenode.Disk("sdb", block.DiskSpec{Size: 32e9, Model: "Stick", Transport: "usb"}),
			fakenode.Disk("sr0", block.DiskSpec{Size: 1e9, CDROM: true, Transport: "sata"}),
			fakenode.Disk("loop0", block.DiskSpec{Size: 80e6, Readonly: true}),
			bond,
			fakenode.DefaultRoute("127.0.0.254"),
		},
		fakenode.Link("enp2s0", "52:54:00:00:00:02"),
		fakenode.Link("enp1s0", "52:54:00:00:00:01", "127.0.0.1/8", "fe80::1/64"),
		fakenode.Identity("NUC11", "Intel(R) Corporation", "v1.11.1"),
	)...)
	got, err := discover.Read(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	want := discover.Machine{
		Address: netip.MustParseAddr("127.0.0.1"), TalosVersion: "v1.11.1", Arch: spec.ArchAMD64, Product: "NUC11",
		Cores: 4, Memory: 16 << 30, Gateways: []netip.Addr{netip.MustParseAddr("127.0.0.254")},
		Disks: []discover.Disk{
			{Path: "/dev/nvme0n1", Size: 500e9, Model: "980 PRO", Serial: "S1", WWID: "eui.1", Type: spec.DiskNVMe, Transport: "nvme", Links: []string{"/dev/disk/by-id/nvme-eui.1"}, Fixed: true},
			{Path: "/dev/sda", Size: 4e12, Model: "WD Red", Serial: "WD-1", Type: spec.DiskHDD, Transport: "sata", Fixed: true},
			{Path: "/dev/sdb", Size: 32e9, Model: "Stick", Type: spec.DiskSSD, Transport: "usb"},
		},
		Links: []discover.Link{
			{Name: "enp1s0", MAC: mac(t, "52:54:00:00:00:01"), Up: true, SpeedMbit: 1000, Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}},
			{Name: "enp2s0", MAC: mac(t, "52:54:00:00:00:02"), SpeedMbit: 1000},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if l, ok := got.Link(); !ok || l.Name != "enp1s0" {
		t.Errorf("the link of the address is %v", l)
	}
	if n, ok := got.Network(); !ok || n.String() != "127.0.0.0/8" {
		t.Errorf("the network is %v", n)
	}
}

func TestRead_SaysThatAMachineIsConfiguredAlready(t *testing.T) {
	at := fakenode.Start(t, anyPort, fakenode.Configured)
	_, err := discover.Read(context.Background(), at)
	want := "127.0.0.1: the machine wants a client certificate, so it is configured already: reset it into maintenance mode, or describe it by hand (--offline)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestRead_SaysThatNobodyAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := listener.Addr().(*net.TCPAddr).AddrPort()
	listener.Close()
	_, err = discover.Read(context.Background(), at)
	want := "127.0.0.1: no Talos answers on port 50000: boot the machine from Talos's image and wait for maintenance mode, or describe it by hand (--offline)"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestReadAll_ReportsEachMachineThatDoesNotAnswer(t *testing.T) {
	// Nothing listens on Talos's port of these addresses.
	_, err := discover.ReadAll(context.Background(), []netip.Addr{netip.MustParseAddr("127.9.9.1"), netip.MustParseAddr("127.9.9.2")})
	for _, address := range []string{"127.9.9.1: ", "127.9.9.2: "} {
		if err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("%s is missing in %v", address, err)
		}
	}
}

func mac(t *testing.T, s string) spec.MAC {
	t.Helper()
	m, err := spec.ParseMAC(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
