package discover_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/resources/block"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/discover/fakenode"
	"github.com/home-ops/home-ops/spec"
)

// house is a stack of two machines that are known by a card and a disk, one that is known by a disk alone, and one of which
// nothing is known.
func house(t *testing.T) *spec.Stack {
	t.Helper()
	return &spec.Stack{
		Name: "house",
		Network: spec.Network{
			NodeCIDRs:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")},
			DHCPRanges: []spec.Range{ranged(t, "10.0.1.0-10.0.1.9")},
		},
		Nodes: []spec.Node{
			node("cp-1", "10.0.50.11", spec.Node{MAC: mac(t, "52:54:00:00:00:01")}, spec.DiskSelector{Serial: "S1"}),
			node("worker-1", "10.0.50.21", spec.Node{MAC: mac(t, "52:54:00:00:00:02")}, spec.DiskSelector{Serial: "S2"}),
			node("worker-2", "10.0.50.22", spec.Node{Interface: "eth0"}, spec.DiskSelector{WWID: "eui.3"}),
			node("worker-3", "10.0.50.23", spec.Node{Interface: "eth0"}, spec.DiskSelector{Path: "/dev/sda"}),
		},
	}
}

func node(name, address string, n spec.Node, disk spec.DiskSelector) spec.Node {
	n.Name, n.Address, n.InstallDisk = name, netip.MustParseAddr(address), disk
	return n
}

func ranged(t *testing.T, s string) spec.Range {
	t.Helper()
	r, err := spec.ParseRange(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// made is a machine of one card and one disk.
func made(t *testing.T, card, serial string) discover.Machine {
	return discover.Machine{
		Links: []discover.Link{{Name: "eth0", MAC: mac(t, card)}},
		Disks: []discover.Disk{{Path: "/dev/sda", Serial: serial, WWID: "of-" + serial}},
	}
}

// home is what answers, by its address, and who was asked.
type home struct {
	machines map[string]discover.Machine
	// configured answer and say no more.
	configured []string

	mu          sync.Mutex
	asked       []netip.Addr
	now, atOnce int
}

func (n *home) ask(ctx context.Context, address netip.Addr, _ time.Duration) (discover.Machine, error) {
	if ctx.Err() != nil {
		return discover.Machine{}, fmt.Errorf("%s: %w", address, discover.ErrSilent) // as a connection does
	}
	n.mu.Lock()
	n.asked = append(n.asked, address)
	n.now++
	n.atOnce = max(n.atOnce, n.now)
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.now--
	}()
	if slices.Contains(n.configured, address.String()) {
		return discover.Machine{}, errors.New("certificate required")
	}
	m, ok := n.machines[address.String()]
	if !ok {
		return discover.Machine{}, fmt.Errorf("%s: %w", address, discover.ErrSilent)
	}
	m.Address = address
	return m, nil
}

func TestFind_IsTheMachineOfTheNodeAndNoOther(t *testing.T) {
	first, second := made(t, "52:54:00:00:00:01", "S1"), made(t, "52:54:00:00:00:02", "S2")
	third := made(t, "52:54:00:00:00:03", "S3")
	third.Disks[0].WWID = "eui.3"
	stranger := made(t, "52:54:00:00:00:99", "S99")
	// Both addresses are on one card.
	twoFaced := second
	twoFaced.Links = []discover.Link{{Name: "eth0", MAC: second.Links[0].MAC, Addresses: []netip.Prefix{
		netip.MustParsePrefix("10.0.1.3/16"), netip.MustParsePrefix("10.0.1.4/16"),
	}}}
	const write = `name the address that its console shows, make up STACK=house AT="worker-1=ADDRESS"`
	for name, c := range map[string]struct {
		node, at   string
		machines   map[string]discover.Machine
		configured []string
		want       string
		// says is the error, missing that waiting may mend it.
		says    string
		missing bool
	}{
		"by its card and disk": {
			node: "worker-1", machines: map[string]discover.Machine{"10.0.1.0": first, "10.0.1.9": second}, want: "10.0.1.9",
		},
		"by its disk alone": {node: "worker-2", machines: map[string]discover.Machine{"10.0.1.4": stranger, "10.0.1.5": third}, want: "10.0.1.5"},
		"none is there": {
			node: "worker-1", missing: true,
			says: "no machine in maintenance mode with the card 52:54:00:00:00:02 and the disk S2 is at the 10 addresses that were asked: " + write,
		},
		"others are there": {
			node: "worker-1", machines: map[string]discover.Machine{"10.0.1.5": stranger}, configured: []string{"10.0.1.7"}, missing: true,
			says: "no machine in maintenance mode with the card 52:54:00:00:00:02 and the disk S2 is at the 10 addresses that were asked; " +
				"1 that answer are configured already; in maintenance mode are:\n  10.0.1.5: cards 52:54:00:00:00:99; disks S99\n" + write,
		},
		"two are": {
			node: "worker-1", machines: map[string]discover.Machine{"10.0.1.3": second, "10.0.1.8": second},
			says: "2 machines in maintenance mode have the card 52:54:00:00:00:02 and the disk S2, by which the stack file knows worker-1:\n" +
				"  10.0.1.3: cards 52:54:00:00:00:02; disks S2\n  10.0.1.8: cards 52:54:00:00:00:02; disks S2\n" + write,
		},
		"one has two addresses": {node: "worker-1", machines: map[string]discover.Machine{"10.0.1.3": twoFaced, "10.0.1.4": twoFaced}, want: "10.0.1.3"},
		"its card with another disk": {
			node: "worker-1", machines: map[string]discover.Machine{"10.0.1.3": made(t, "52:54:00:00:00:02", "S9")},
			says: "the stack file knows worker-1 by the card 52:54:00:00:00:02 and the disk S2, and a machine in maintenance mode has only a part of that:\n" +
				"  10.0.1.3: cards 52:54:00:00:00:02; disks S9\ncorrect mac or installDisk of worker-1 in the stack file, or change the machine",
		},
		"its disk with another card": {
			node: "worker-1", machines: map[string]discover.Machine{"10.0.1.3": made(t, "52:54:00:00:00:09", "S2")},
			says: "the stack file knows worker-1 by the card 52:54:00:00:00:02 and the disk S2, and a machine in maintenance mode has only a part of that:\n" +
				"  10.0.1.3: cards 52:54:00:00:00:09; disks S2\ncorrect mac or installDisk of worker-1 in the stack file, or change the machine",
		},
		"it is configured already": {
			node: "worker-1", configured: []string{"10.0.1.3"}, missing: true,
			says: "no machine in maintenance mode with the card 52:54:00:00:00:02 and the disk S2 is at the 10 addresses that were asked; " +
				"1 that answer are configured already: " + write,
		},
		"nothing of it is known": {
			node: "worker-3", machines: map[string]discover.Machine{"10.0.1.3": stranger}, missing: true,
			says: "the stack file names nothing of worker-3 that only its machine has (mac, bond.macs, or installDisk by serial, wwid or a path below " +
				`/dev/disk/by-id/), so that it is not looked for elsewhere: name the address that its console shows, make up STACK=house AT="worker-3=ADDRESS"`,
		},
		"nothing of it is known, and its address is named": {
			node: "worker-3", at: "worker-3=192.168.1.7", machines: map[string]discover.Machine{"192.168.1.7": stranger}, want: "192.168.1.7",
		},
		"named, outside of what is searched": {
			node: "worker-1", at: "worker-1=192.168.1.7", machines: map[string]discover.Machine{"192.168.1.7": second}, want: "192.168.1.7",
		},
		"named, and another is there": {
			node: "worker-1", at: "worker-1=192.168.1.7", machines: map[string]discover.Machine{"192.168.1.7": first, "10.0.1.3": second},
			says: "AT says that worker-1 is at 192.168.1.7, and the machine there is another: the stack file names the card 52:54:00:00:00:02 and the disk S2, " +
				"and it has cards 52:54:00:00:00:01; disks S1. Correct AT, or the stack file",
		},
		"named, and nobody is there": {
			node: "worker-1", at: "worker-1=192.168.1.7", machines: map[string]discover.Machine{"10.0.1.3": second}, missing: true,
			says: "no Talos answers at 192.168.1.7, where AT says that worker-1 is",
		},
		"named, and configured": {
			node: "worker-1", at: "worker-1=192.168.1.7", configured: []string{"192.168.1.7"}, missing: true,
			says: "what answers at 192.168.1.7, where AT says that worker-1 is, is not in maintenance mode",
		},
		"at an address without a name": {
			node: "worker-1", at: "192.168.1.6, 192.168.1.7", machines: map[string]discover.Machine{"192.168.1.6": first, "192.168.1.7": second}, want: "192.168.1.7",
		},
		"not at an address without a name": {
			node: "worker-1", at: "192.168.1.6", machines: map[string]discover.Machine{"192.168.1.6": first, "10.0.1.2": second}, want: "10.0.1.2",
		},
		"where another's is named": {
			node: "worker-1", at: "cp-1=192.168.1.6", machines: map[string]discover.Machine{"192.168.1.6": first, "10.0.1.2": second}, want: "10.0.1.2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := house(t)
			at, err := discover.ParseAt(c.at, stack)
			if err != nil {
				t.Fatal(err)
			}
			m, err := discover.NewFinder(stack, at, (&home{machines: c.machines, configured: c.configured}).ask).Find(t.Context(), c.node)
			var missing discover.NotFoundError
			switch {
			case c.says == "" && (err != nil || m.Address.String() != c.want):
				t.Errorf("got %s, %v, want %s", m.Address, err, c.want)
			case c.says != "" && (err == nil || err.Error() != c.says):
				t.Errorf("got  %v\nwant %s", err, c.says)
			case errors.As(err, &missing) != c.missing:
				t.Errorf("that waiting may mend it: %v, want %v", !c.missing, c.missing)
			}
		})
	}
}

func TestFind_RefusesANodeThatWillGetItsAddressByDHCP(t *testing.T) {
	stack := house(t)
	stack.Nodes[1].DHCP = true
	there := &home{machines: map[string]discover.Machine{"10.0.1.2": made(t, "52:54:00:00:00:02", "S2")}}
	_, err := discover.NewFinder(stack, discover.At{}, there.ask).Find(t.Context(), "worker-1")
	want := "worker-1 takes its address by DHCP (dhcp: true in the stack file), and DHCP gives its machine 10.0.1.2 and not 10.0.50.21: " +
		"have the router reserve 10.0.50.21 for it, or take dhcp away"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	// A tagged network has another DHCP.
	stack.Nodes[1].VLAN = 20
	if _, err := discover.NewFinder(stack, discover.At{}, there.ask).Find(t.Context(), "worker-1"); err != nil {
		t.Error(err)
	}
}

func TestFind_AsksEachAddressOnceForAllWhoLook(t *testing.T) {
	stack := house(t)
	there := &home{machines: map[string]discover.Machine{"10.0.1.2": made(t, "52:54:00:00:00:02", "S2"), "10.0.1.3": made(t, "52:54:00:00:00:01", "S1")}}
	f := discover.NewFinder(stack, discover.At{}, there.ask)
	var looking sync.WaitGroup
	for _, name := range []string{"cp-1", "worker-1", "worker-2", "cp-1", "worker-1"} {
		looking.Go(func() { _, _ = f.Find(t.Context(), name) })
	}
	looking.Wait()
	if len(there.asked) != 10 {
		t.Errorf("%d addresses were asked, of 10: %v", len(there.asked), there.asked)
	}
}

func TestFind_AsksNobodyOutsideOfTheNodeNetworks(t *testing.T) {
	stack := house(t)
	stack.Network.DHCPRanges = []spec.Range{ranged(t, "10.1.0.0-10.1.0.9"), ranged(t, "10.0.255.250-10.1.0.2"), ranged(t, "10.0.0.0/16"), ranged(t, "10.0.2.0/24")}
	there := &home{}
	_, err := discover.NewFinder(stack, discover.At{}, there.ask).Find(t.Context(), "worker-1")
	if len(there.asked) != 256 {
		t.Errorf("%d addresses were asked", len(there.asked))
	}
	for _, address := range there.asked {
		if !stack.Network.NodeCIDRs[0].Contains(address) {
			t.Errorf("%s was asked", address)
		}
	}
	for _, left := range []string{
		"10.1.0.0-10.1.0.9 is not in one of the node networks", "10.0.255.250-10.1.0.2 is not in one of the node networks",
		"10.0.0.0/16 is too large: 4096 addresses are searched at most",
	} {
		if err == nil || !strings.Contains(err.Error(), left) {
			t.Errorf("%q is missing in %v", left, err)
		}
	}
}

func TestFind_AsksFewAtATime(t *testing.T) {
	stack := house(t)
	stack.Network.DHCPRanges = []spec.Range{ranged(t, "10.0.0.0/20")}
	there := &home{}
	_, _ = discover.NewFinder(stack, discover.At{}, func(ctx context.Context, a netip.Addr, within time.Duration) (discover.Machine, error) {
		if within > time.Second {
			t.Errorf("%s has %s for a connection", a, within)
		}
		return there.ask(ctx, a, within)
	}).Find(t.Context(), "worker-1")
	if len(there.asked) != 4096 || there.atOnce > 128 {
		t.Errorf("%d were asked, %d at a time", len(there.asked), there.atOnce)
	}
}

func TestFind_KeepsNothingOfASearchThatWasCutOff(t *testing.T) {
	there := &home{machines: map[string]discover.Machine{"10.0.1.2": made(t, "52:54:00:00:00:02", "S2")}}
	f := discover.NewFinder(house(t), discover.At{}, there.ask)
	ended, end := context.WithCancel(t.Context())
	end()
	for range 10 { // whether it begins at all is chance
		if _, err := f.Find(ended, "worker-1"); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	if m, err := f.Find(t.Context(), "worker-1"); err != nil || m.Address.String() != "10.0.1.2" {
		t.Errorf("got %s, %v", m.Address, err)
	}
}

func TestSearchOf_IsWhatDHCPGivesAwayOrSmallNetworks(t *testing.T) {
	for name, c := range map[string]struct {
		ranges, networks []string
		want             string
		first, last      string
		left             []string
	}{
		"a range": {
			ranges: []string{"10.0.1.0-10.0.1.9"}, networks: []string{"10.0.0.0/24", "10.0.1.0/24"},
			want: "10 addresses in 10.0.1.0-10.0.1.9", first: "10.0.1.0", last: "10.0.1.9",
		},
		"a network without its ends": {
			networks: []string{"10.0.1.0/24"}, want: "254 addresses in 10.0.1.0/24", first: "10.0.1.1", last: "10.0.1.254",
		},
		"the largest that is searched": {
			networks: []string{"10.0.4.0/22"}, want: "1022 addresses in 10.0.4.0/22", first: "10.0.4.1", last: "10.0.7.254",
		},
		"one that is too large": {
			networks: []string{"10.0.0.0/21", "10.1.0.0/30"}, want: "2 addresses in 10.1.0.0/30", first: "10.1.0.1", last: "10.1.0.2",
			left: []string{"10.0.0.0/21 is too large without network.dhcpRanges: 1024 addresses of a network are searched at most"},
		},
		"two of both families": {
			networks: []string{"10.1.0.0/30", "fd00::/64"}, want: "2 addresses in 10.1.0.0/30", first: "10.1.0.1", last: "10.1.0.2",
			left: []string{"fd00::/64 is too large without network.dhcpRanges: 1024 addresses of a network are searched at most"},
		},
	} {
		var n spec.Network
		for _, r := range c.ranges {
			n.DHCPRanges = append(n.DHCPRanges, ranged(t, r))
		}
		for _, p := range c.networks {
			n.NodeCIDRs = append(n.NodeCIDRs, netip.MustParsePrefix(p))
		}
		got := discover.SearchOf(n)
		if got.String() != c.want || !slices.Equal(got.Left, c.left) {
			t.Errorf("%s: %s, left %q", name, got, got.Left)
			continue
		}
		if first, last := got.Addresses[0], got.Addresses[len(got.Addresses)-1]; first.String() != c.first || last.String() != c.last {
			t.Errorf("%s: from %s to %s", name, first, last)
		}
	}
}

func TestParseAt_RefusesWhatCannotBeMeant(t *testing.T) {
	stack := house(t)
	at, err := discover.ParseAt("worker-1=10.0.0.187, 10.0.0.190 cp-1=fd00::7,", stack)
	if err != nil || fmt.Sprint(at) != "{map[cp-1:fd00::7 worker-1:10.0.0.187] [10.0.0.190]}" {
		t.Errorf("got %v, %v", at, err)
	}
	for text, want := range map[string]string{
		"worker-1":                            `AT: "worker-1" is not an address: write NODE=ADDRESS or ADDRESS, such as worker-1=10.0.0.187`,
		"worker-1=":                           `AT: "worker-1=" is not an address: write NODE=ADDRESS or ADDRESS, such as worker-1=10.0.0.187`,
		"worker-9=10.0.0.1":                   `AT: worker-9=10.0.0.1: house has no node "worker-9"; it has cp-1, worker-1, worker-2, worker-3`,
		"worker-1=10.0.0.1,worker-1=10.0.0.2": "AT: worker-1=10.0.0.2: worker-1 has an address already, 10.0.0.1",
		"worker-1=10.0.0.1,10.0.0.1":          "AT: 10.0.0.1: 10.0.0.1 is there twice, and one machine waits there",
		"cp-1=10.0.0.1,worker-1=10.0.0.1":     "AT: worker-1=10.0.0.1: 10.0.0.1 is there twice, and one machine waits there",
		"10.0.0,x=1":                          "AT: \"10.0.0\" is not an address: write NODE=ADDRESS or ADDRESS, such as worker-1=10.0.0.187\nAT: \"x=1\" is not an address: write NODE=ADDRESS or ADDRESS, such as worker-1=10.0.0.187",
	} {
		if _, err := discover.ParseAt(text, stack); err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestImpostor_IsAnotherNodesMachine(t *testing.T) {
	for name, c := range map[string]struct {
		node string
		at   string
		is   discover.Machine
		want string
	}{
		"its own machine":          {"worker-1", "10.0.50.21", made(t, "52:54:00:00:00:02", "S2"), ""},
		"its card, another disk":   {"worker-1", "10.0.50.21", made(t, "52:54:00:00:00:02", "S1"), ""},
		"a machine of nobody":      {"worker-1", "10.0.50.21", made(t, "52:54:00:00:00:77", "S77"), ""},
		"silence":                  {"worker-1", "10.0.50.99", made(t, "52:54:00:00:00:01", "S1"), ""},
		"another node's, by both":  {"worker-1", "10.0.50.21", made(t, "52:54:00:00:00:01", "S1"), "at 10.0.50.21, the address of worker-1, the machine of cp-1 is in maintenance mode, by its hardware (cards 52:54:00:00:00:01; disks S1), and that of worker-1 was not found elsewhere"},
		"one of whom only another": {"worker-3", "10.0.50.23", made(t, "52:54:00:00:00:01", "S1"), "at 10.0.50.23, the address of worker-3, the machine of cp-1 is in maintenance mode, by its hardware (cards 52:54:00:00:00:01; disks S1), and that of worker-3 was not found elsewhere"},
	} {
		there := &home{machines: map[string]discover.Machine{c.at: c.is}}
		err := discover.NewFinder(house(t), discover.At{}, there.ask).Impostor(t.Context(), c.node)
		if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && got != c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, c.want)
		}
	}
}

func TestWhere_SaysWhereAMachineWouldBeLookedFor(t *testing.T) {
	stack := house(t)
	at, err := discover.ParseAt("cp-1=192.168.1.6, 192.168.1.7", stack)
	if err != nil {
		t.Fatal(err)
	}
	f := discover.NewFinder(stack, at, (&home{}).ask)
	for name, want := range map[string]string{
		"cp-1":     "at 192.168.1.6, as AT says",
		"worker-1": "by the card 52:54:00:00:00:02 and the disk S2 at 192.168.1.7, and at 10 addresses in 10.0.1.0-10.0.1.9",
		"worker-3": "nowhere else, unless AT names an address for it",
	} {
		if got := f.Where(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Over loopback, with what a machine in maintenance mode says, and with one that has its config.
func TestFind_AsksWithoutACertificate(t *testing.T) {
	stack := house(t)
	talos := func(address string) netip.AddrPort { return netip.MustParseAddrPort(address + ":50000") }
	disk := fakenode.Disk("sda", block.DiskSpec{Size: 500e9, Serial: "S2", Transport: "sata"})
	fakenode.Start(t, talos("127.71.3.2"), !fakenode.Configured, append(fakenode.Link("eth0", "52:54:00:00:00:02", "127.71.3.2/8"), disk)...)
	disk = fakenode.Disk("sda", block.DiskSpec{Size: 500e9, Serial: "S1", Transport: "sata"})
	fakenode.Start(t, talos("127.71.3.1"), fakenode.Configured, append(fakenode.Link("eth0", "52:54:00:00:00:01", "127.71.3.1/8"), disk)...)
	stack.Network = spec.Network{NodeCIDRs: []netip.Prefix{netip.MustParsePrefix("127.71.3.0/29")}}
	f := discover.NewFinder(stack, discover.At{}, nil)
	if m, err := f.Find(t.Context(), "worker-1"); err != nil || m.Address.String() != "127.71.3.2" {
		t.Errorf("got %s, %v", m.Address, err)
	}
	if _, err := f.Find(t.Context(), "cp-1"); err == nil || !strings.Contains(err.Error(), "1 that answer are configured already") {
		t.Errorf("error %v", err)
	}
}
