package rehearsal

import (
	"context"
	"errors"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

// announces has a preview of a reinstall of worker-1 with other steps and warnings than it should.
func announces(fault, want string, steps, warnings []string) red {
	goodSteps, goodWarnings := []string{configResource + "talos-apply-worker-1", "update kubernetes:core/v1:Secret x"}, []string{"nodes[2].reinstall: worker-1 is installed anew: its pods are moved"}
	showSteps, showWarnings := goodSteps, goodWarnings
	return red{
		line: "a step: the preview tells of it", fault: fault, want: want,
		whole:  func(*broken) { showSteps, showWarnings = goodSteps, goodWarnings },
		damage: func(*broken) { showSteps, showWarnings = steps, warnings },
		do:     func(_ context.Context, b *broken) { b.announced("a step", showSteps, showWarnings, "worker-1") },
	}
}

// volumesOf has a machine with other volumes of its own than its node wants: encrypted ones, and an EPHEMERAL of a size.
func volumesOf(fault, want string, damage func(made map[string]node.SystemVolume)) red {
	good := func() map[string]node.SystemVolume {
		return map[string]node.SystemVolume{"STATE": {Encrypted: true}, "EPHEMERAL": {Encrypted: true, Size: uint64(smallEphemeral)}}
	}
	made := good()
	wanted := spec.Node{}
	wanted.Encryption = spec.Encryption{State: &spec.VolumeEncryption{}, Ephemeral: &spec.VolumeEncryption{}}
	wanted.EphemeralVolume = &spec.SystemVolume{MaxSize: smallEphemeral}
	return red{
		line: "a step: its volumes are as the stack file wants them", fault: fault, want: want,
		whole:  func(*broken) { made = good() },
		damage: func(*broken) { damage(made) },
		do: func(_ context.Context, b *broken) {
			b.madeAnew(step(), wanted, func(label string) (node.SystemVolume, error) {
				if v, ok := made[label]; ok {
					return v, nil
				}
				return node.SystemVolume{}, errors.New("worker-1 has no volume " + label)
			})
		},
	}
}

// dataOfDisks has a machine of which the disks hold other things than before.
func dataOfDisks(fault, want string, after ...string) red {
	before := []string{"rook-ceph-osd-1"}
	is := before
	return red{
		line: "a step: its data disks keep what is on them", fault: fault, want: want,
		whole:  func(*broken) { is = before },
		damage: func(*broken) { is = after },
		do: func(ctx context.Context, b *broken) {
			b.keptData(ctx, step(), before, func(context.Context) ([]string, error) { return is, nil })
		},
	}
}

// redReinstall are lines about machines that are installed anew.
var redReinstall = []red{
	announces("another machine is changed, too", "talos-apply-worker-2", []string{configResource + "talos-apply-worker-1", configResource + "talos-apply-worker-2"}, []string{"worker-1 is installed anew"}),
	announces("another one is changed instead", "talos-apply-worker-2", []string{configResource + "talos-apply-worker-2"}, []string{"worker-1 is installed anew"}),
	announces("nothing is changed", "machines []", nil, []string{"worker-1 is installed anew"}),
	announces("nobody says what it costs", "warnings []", []string{configResource + "talos-apply-worker-1"}, nil),
	volumesOf("STATE is in the clear", "STATE is encrypted: false", func(made map[string]node.SystemVolume) { made["STATE"] = node.SystemVolume{} }),
	volumesOf("EPHEMERAL is in the clear", "EPHEMERAL is encrypted: false", func(made map[string]node.SystemVolume) {
		made["EPHEMERAL"] = node.SystemVolume{Size: uint64(smallEphemeral)}
	}),
	volumesOf("EPHEMERAL is as large as before", "EPHEMERAL has 500 bytes", func(made map[string]node.SystemVolume) {
		made["EPHEMERAL"] = node.SystemVolume{Encrypted: true, Size: 500}
	}),
	volumesOf("a volume was not made", "has no volume EPHEMERAL", func(made map[string]node.SystemVolume) { delete(made, "EPHEMERAL") }),
	dataOfDisks("an OSD is another one", `and are ["rook-ceph-osd-4"]`, "rook-ceph-osd-4"),
	dataOfDisks("nothing is left", `and are []`),
}
