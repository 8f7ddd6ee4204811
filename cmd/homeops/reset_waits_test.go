package main

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// looked is what a look at a machine's own address says.
type looked struct {
	is  roll.Running
	err error
}

func (l looked) Running(context.Context) (roll.Running, error) { return l.is, l.err }

func TestReset_SeesMaintenanceModeWhereverDHCPHasPutTheMachine(t *testing.T) {
	silent, missing := looked{err: errors.New("no route to host")}, errors.New("no machine has its card")
	for name, c := range map[string]struct {
		own       looked
		elsewhere error
		waits     bool
		says      string
	}{
		"at its own address":                     {looked{is: roll.Running{Maintenance: true}}, missing, true, ""},
		"at another":                             {silent, nil, true, ""},
		"at none":                                {silent, missing, false, "no route to host; no machine has its card"},
		"with its config":                        {looked{is: roll.Running{Talos: "v1.11.1"}}, missing, false, ""},
		"with its config, and another elsewhere": {looked{is: roll.Running{Talos: "v1.11.1"}}, nil, false, ""},
	} {
		r := resetting{find: func(context.Context, string) (discover.Machine, error) { return discover.Machine{}, c.elsewhere }}
		waits, err := r.waits(t.Context(), c.own, "worker-1")
		if waits != c.waits || (err == nil) != (c.says == "") || err != nil && err.Error() != c.says {
			t.Errorf("%s: %v, %v", name, waits, err)
		}
	}
}

func TestReset_EmptiesTheDisksThatCephHasOnAMachine(t *testing.T) {
	machine := discover.Machine{Address: netip.MustParseAddr("10.0.1.7"), Disks: []discover.Disk{
		{Path: "/dev/nvme0n1", Serial: "S6PENL0T700121A", Links: []string{"/dev/disk/by-id/nvme-Disk_S6PENL0T700121A"}},
		{Path: "/dev/nvme1n1", Serial: "S73WNJ0W300521D", Links: []string{"/dev/disk/by-id/nvme-Disk_S73WNJ0W300521D"}},
		{Path: "/dev/sda", Serial: "WD-CA2K4H7N", Links: []string{"/dev/disk/by-id/ata-Disk_WD-CA2K4H7N"}},
	}}
	stack := spectest.Home(t)
	var wiped []string
	out := &bytes.Buffer{}
	r := resetting{
		call: call{terminal: terminal{out: out}}, stack: stack, wipesCeph: true,
		find: func(context.Context, string) (discover.Machine, error) { return machine, nil },
		// Only worker-2 is at its own address.
		read: func(_ context.Context, at netip.AddrPort) (discover.Machine, error) {
			if at.Addr() == netip.MustParseAddr("10.0.50.22") {
				return discover.Machine{Address: at.Addr()}, nil
			}
			return discover.Machine{}, errors.New("no route to host")
		},
		wipe: func(_ context.Context, at netip.AddrPort, paths []string) error {
			wiped = append(wiped, at.String()+" "+strings.Join(paths, " "))
			return nil
		},
	}
	for _, name := range []string{"cp-1", "worker-1", "worker-2"} {
		i := slices.IndexFunc(stack.Nodes, func(n spec.Node) bool { return n.Name == name })
		err := r.emptyDisks(t.Context(), stack.Nodes[i])
		if (err != nil) != (name == "worker-2") || err != nil && err.Error() != "none of its disks is one of Ceph's (storage.rookCeph.nodes[1])" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if want := "10.0.1.7:50000 /dev/nvme1n1"; strings.Join(wiped, "; ") != want {
		t.Errorf("wiped %q, want %q", wiped, want)
	}
	if got := out.String(); !strings.Contains(got, "worker-1: emptying /dev/nvme1n1") {
		t.Error(got)
	}
}

func TestReset_SaysWhatBecomesOfCeph(t *testing.T) {
	for name, c := range map[string]struct {
		lost  loss
		wipes bool
		kept  string
		says  string
	}{
		"one machine":                        {machineAlone, false, "", ""},
		"all of them":                        {everything, false, "", "with -wipe-ceph they are emptied"},
		"all of them, with Ceph":             {everything, true, "", "With -wipe-ceph all data of Ceph are lost"},
		"with a snapshot":                    {machinesAlone, false, "ceph", ""},
		"with a snapshot, and lost monitors": {machinesAlone, false, "", "Ceph's data are lost"},
	} {
		stack := spectest.Home(t)
		stack.Storage.RookCeph.MonitorVolume = c.kept
		out := &bytes.Buffer{}
		r := resetting{call: call{terminal: terminal{out: out, in: strings.NewReader("no\n")}}, stack: stack, nodes: stack.Nodes, wipesCeph: c.wipes}
		if err := r.confirm(c.lost); err == nil {
			t.Fatal("another name was taken for the stack's")
		}
		if got := out.String(); c.says == "" && strings.Contains(got, "Ceph") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
