package node

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/resources/block"

	"github.com/home-ops/home-ops/rack/contracttest"
)

// What a machine makes of its config is the same in every form: its links, addresses, names and clocks, and where its
// volumes lie.
func TestContracts_GiveAMachineTheSameNetworkAndVolumes(t *testing.T) {
	for _, s := range contracttest.Switches(t) {
		opts := Options{Addresses: []netip.Prefix{netip.PrefixFrom(s.Node.Address, 16)}, Hardware: hardwareOf(s)}
		before, warnedBefore := networkOf(opts, "identity", s.Before)
		after, warnedAfter := networkOf(opts, "identity", s.After)
		if len(before.addresses) == 0 || before.hostname != s.Node.Name {
			t.Errorf("%s: no network to compare: %+v", s.Name, before)
		}
		if !reflect.DeepEqual(before, after) || !reflect.DeepEqual(warnedBefore, warnedAfter) {
			t.Errorf("%s:\n- %+v %q\n+ %+v %q", s.Name, before, warnedBefore, after, warnedAfter)
		}
		system := opts.Hardware.Disks[0].Path
		was, is := specs(volumesOf(opts.Hardware, system, s.Before, nil)), specs(volumesOf(opts.Hardware, system, s.After, nil))
		if len(was) == 0 || !reflect.DeepEqual(was, is) {
			t.Errorf("%s: volumes\n- %+v\n+ %+v", s.Name, was, is)
		}
	}
}

// hardwareOf is a machine with the card that the stack file names.
func hardwareOf(s contracttest.Switch) Hardware {
	hw := DefaultHardware()
	hw.Links = []Link{{Name: "enp1s0", MAC: s.Node.MAC.String(), Driver: "igc"}}
	return hw
}

func specs(volumes []*block.VolumeStatus) map[string]block.VolumeStatusSpec {
	all := map[string]block.VolumeStatusSpec{}
	for _, v := range volumes {
		all[v.Metadata().ID()] = *v.TypedSpec()
	}
	return all
}
