package rehearsal

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/home-ops/home-ops/rack/addons/zfs"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
)

const (
	osdMapPath        = "/api/v1/namespaces/rook-ceph/configmaps/rack-ceph-osd-map"
	longhornNodePath  = "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/nodes/lab-3"
	longhornReplicas  = "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/replicas"
	doctorNames       = `{"checks": [{"name": "Ceph's osd.2", "verdict": "problem", "detail": "does not run", "do": "docs/runbooks/replace-disk.md"}]}`
	cephClusterUpdate = "update kubernetes:ceph.rook.io/v1:CephCluster "
)

// osdsInMap are those that Ceph knows, by their numbers.
func osdsInMap(b *broken, ids ...int) {
	var all []string
	for _, id := range ids {
		all = append(all, fmt.Sprintf(`{"id": %d, "host": "worker-3", "path": "/dev/sda", "ran": true}`, id))
	}
	b.api[osdMapPath] = fmt.Sprintf("{kind: ConfigMap, apiVersion: v1, metadata: {name: rack-ceph-osd-map, namespace: rook-ceph}, data: {map: '{\"osds\": [%s]}'}}", strings.Join(all, ", "))
}

// longhornHas is a node of Longhorn's with the disks, each "name uuid ready".
func longhornHas(b *broken, disks ...string) {
	var all []string
	for _, d := range disks {
		part := strings.Fields(d)
		all = append(all, fmt.Sprintf(`%s: {diskUUID: %s, conditions: [{type: Ready, status: "%s", reason: DiskFilesystemChanged}]}`, part[0], part[1], part[2]))
	}
	b.api[longhornNodePath] = "{kind: Node, apiVersion: longhorn.io/v1beta2, metadata: {name: lab-3, namespace: longhorn-system}, status: {diskStatus: {" + strings.Join(all, ", ") + "}}}"
}

func tellsOf(line, fault, want, good, bad string) red {
	said := good
	return red{
		line: line, fault: fault, want: want,
		whole:  func(*broken) { said = good },
		damage: func(*broken) { said = bad },
		do:     func(_ context.Context, b *broken) { b.told(report.Step{Name: "a step"}, said, "Ceph's osd.2") },
	}
}

// foretells has a preview of other steps and warnings than it should.
func foretells(fault, want string, steps, warnings []string) red {
	goodSteps, goodWarnings := []string{cephClusterUpdate + "rook-cluster"}, []string{"a disk leaves (docs/runbooks/replace-disk.md)"}
	showSteps, showWarnings := goodSteps, goodWarnings
	return red{
		line: "a step: the preview tells what another disk does", fault: fault, want: want,
		whole:  func(*broken) { showSteps, showWarnings = goodSteps, goodWarnings },
		damage: func(*broken) { showSteps, showWarnings = steps, warnings },
		do: func(_ context.Context, b *broken) {
			b.foretold("a step", showSteps, showWarnings, []string{cephClusterUpdate}, "docs/runbooks/replace-disk.md")
		},
	}
}

var deadDisk = longhornDisk{name: "old", uuid: "uuid-old"}

func longhornRemains(ctx context.Context, b *broken) {
	b.noDiskLeft(ctx, b.cluster, report.Step{Name: "a step"}, "lab-3", deadDisk)
}

func osdRemains(ctx context.Context, b *broken) {
	b.noOSDLeft(ctx, b.cluster, report.Step{Name: "a step"}, "2")
}

func whole3(b *broken) {
	wholeCeph(b)
	osdsInMap(b, 0, 1, 3)
}

func wholeLonghorn(b *broken) { longhornHas(b, "new uuid-new True") }

const longhornVolumesPath = "/apis/longhorn.io/v1beta2/volumes"

// volumeOf is a volume of Longhorn's that is as it says.
func volumeOf(b *broken, robustness string) {
	b.list(longhornVolumesPath, "{kind: Volume, apiVersion: longhorn.io/v1beta2, metadata: {name: v, namespace: longhorn-system}, status: {state: attached, robustness: "+robustness+"}}")
}

// tankIs has the pool of the stack on its disks, and then something done to it.
func tankIs(then func(b *broken, m *machine)) func(b *broken) {
	return func(b *broken) {
		b.t.Helper()
		onDisks(b)
		b.rack.zfs = zfs.NewHosts(hosts{b.rack}, nil)
		m, pool, _, _ := b.zfsDisk()
		words := []string{"create", pool.Name, "mirror"}
		for _, d := range pool.Disks {
			disk, err := m.disk(d.Serial)
			if err != nil {
				b.t.Fatal(err)
			}
			writeOn(b, m.Node, disk.Path, "")
			words = append(words, disk.Symlinks[0])
		}
		if err := b.rack.zfs.Zpool(b.t.Context(), m.spec.Name, words, io.Discard); err != nil {
			b.t.Fatal(err)
		}
		then(b, m)
	}
}

// zpoolShows is what zpool says of the pool, with the states of its two disks.
func zpoolShows(pool, one, two string) string {
	return " state: " + pool + "\n\ttank " + pool + "\n\t  mirror-0 " + pool + "\n\t    nvme-WD-CA2K4H7N " + one + "\n\t    nvme-WD-CA2K4H8P " + two + "\n"
}

func lacksHalf(fault, said string) red {
	status := ""
	return red{
		line: "a step: ZFS says what it lacks", fault: fault, want: "does not say that WD-CA2K4H8P alone is lost",
		whole: func(*broken) { status = zpoolShows("DEGRADED", "ONLINE", "FAULTED") }, damage: func(*broken) { status = said },
		do: func(_ context.Context, b *broken) {
			_, err := lostHalf(status, "WD-CA2K4H8P")
			b.came(step(), "ZFS says what it lacks", err)
		},
	}
}

// halfRemains is a line of what a dead half leaves, when zpool says that and something was done to the pool.
func halfRemains(fault, want, says string, then func(b *broken, m *machine)) red {
	status := ""
	return red{
		line: "a step: nothing of the dead disk is left", fault: fault, want: want,
		whole: func(b *broken) {
			status = zpoolShows("ONLINE", "ONLINE", "ONLINE")
			tankIs(func(*broken, *machine) {})(b)
		},
		damage: func(b *broken) {
			status = says
			then(b, b.rack.host("worker-1"))
		},
		do: func(ctx context.Context, b *broken) {
			_, pool, _, _ := b.zfsDisk()
			b.noHalfLeft(ctx, b.cluster, step(), pool, "nvme-DEAD", status)
		},
	}
}

func half(b *broken, m *machine) node.Disk {
	b.t.Helper()
	d, err := m.disk("WD-CA2K4H8P")
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// redDisks are lines about disks that die.
var redDisks = []red{
	{
		line: "a step: Ceph says what it lacks", fault: "it lacks nothing", want: "and not OSD_DOWN PG_DEGRADED",
		whole:  func(b *broken) { copiesOf(b, "health: HEALTH_WARN, details: {OSD_DOWN: {}, PG_DEGRADED: {}}") },
		damage: func(b *broken) { copiesOf(b, "health: HEALTH_WARN, details: {OSD_DOWN: {}}") },
		do: func(ctx context.Context, b *broken) {
			b.came(step(), "Ceph says what it lacks", cephSays(ctx, b.cluster, "OSD_DOWN", "PG_DEGRADED"))
		},
	},
	{
		line: "a step: Longhorn says what it lacks", fault: "it lacks nothing", want: "no volume is degraded",
		whole:  func(b *broken) { volumeOf(b, "degraded") },
		damage: func(b *broken) { volumeOf(b, "healthy") },
		do: func(ctx context.Context, b *broken) {
			b.came(step(), "Longhorn says what it lacks", degraded(ctx, b.cluster))
		},
	},
	{
		line: "a step: Longhorn says what it lacks", fault: "it has lost all", want: "volume v is faulted",
		whole:  func(b *broken) { volumeOf(b, "degraded") },
		damage: func(b *broken) { volumeOf(b, "faulted") },
		do: func(ctx context.Context, b *broken) {
			b.came(step(), "Longhorn says what it lacks", degraded(ctx, b.cluster))
		},
	},
	lacksHalf("it lacks nothing", zpoolShows("ONLINE", "ONLINE", "ONLINE")),
	lacksHalf("it lacks another one", zpoolShows("DEGRADED", "FAULTED", "ONLINE")),
	lacksHalf("it lacks both", zpoolShows("UNAVAIL", "FAULTED", "FAULTED")),
	{
		line: "a step: it is installed on the new disk, and belongs to the cluster", fault: "it is on no disk", want: "cp-1 has no disk",
		damage: oneMachine,
		do: func(_ context.Context, b *broken) {
			b.came(step(), "it is installed on the new disk, and belongs to the cluster", onDisk(b.rack.nodes[0], "NEW"))
		},
	},
	tellsOf("a step: homeops doctor names the disk, and the page", "it names none", "nothing is said of Ceph's osd.2", doctorNames, `{"checks": []}`),
	tellsOf("a step: homeops doctor names the disk, and the page", "it is content", "nothing is said of Ceph's osd.2", doctorNames, strings.Replace(doctorNames, "problem", "ok", 1)),
	tellsOf("a step: homeops doctor names the disk, and the page", "it does not say what to do", "nothing is said of Ceph's osd.2", doctorNames, strings.Replace(doctorNames, "replace-disk", "other", 1)),
	tellsOf("a step: homeops doctor names the disk, and the page", "it says nothing at all", "unexpected end of JSON input", doctorNames, ""),
	foretells("a machine is changed, too", "talos-apply-worker-3", []string{cephClusterUpdate + "rook-cluster", "update talos:machine/configurationApply:ConfigurationApply talos-apply-worker-3"}, []string{"docs/runbooks/replace-disk.md"}),
	foretells("the disk goes nowhere", `steps []`, nil, []string{"docs/runbooks/replace-disk.md"}),
	foretells("it is replaced", `replace kubernetes`, []string{"replace kubernetes:ceph.rook.io/v1:CephCluster rook-cluster"}, []string{"docs/runbooks/replace-disk.md"}),
	foretells("nobody says what becomes of the old one", `warnings []`, []string{cephClusterUpdate + "rook-cluster"}, nil),
	{
		line: "a step: nothing of the dead disk is left", fault: "the OSD was not purged", want: "osd.2 is still in Ceph's map",
		whole: whole3, damage: func(b *broken) { osdsInMap(b, 0, 1, 2, 3) }, do: osdRemains,
	},
	{
		line: "a step: nothing of the dead disk is left", fault: "its Deployment stays", want: "4 OSDs for 3 disks",
		whole: whole3, damage: func(b *broken) { osds(b, 1, 1, 0, 1) }, do: osdRemains,
	},
	{
		line: "a step: nothing of the dead disk is left", fault: "Longhorn still knows the disk", want: "lab-3 still has the disk old",
		whole: wholeLonghorn, damage: func(b *broken) { longhornHas(b, "old uuid-old False", "new uuid-new True") }, do: longhornRemains,
	},
	{
		line: "a step: nothing of the dead disk is left", fault: "the new one is not ready", want: "lab-3 has no disk that is ready",
		whole: wholeLonghorn, damage: func(b *broken) { longhornHas(b, "new uuid-new False") }, do: longhornRemains,
	},
	{
		line: "a step: nothing of the dead disk is left", fault: "a replica is still on it", want: "replica r is still on it",
		whole: wholeLonghorn,
		damage: func(b *broken) {
			b.list(longhornReplicas, "{kind: Replica, apiVersion: longhorn.io/v1beta2, metadata: {name: r, namespace: longhorn-system}}")
		}, do: longhornRemains,
	},
	halfRemains("zpool still shows it", "zpool shows it", zpoolShows("ONLINE", "ONLINE", "ONLINE")+"\t    nvme-DEAD REMOVED\n", func(*broken, *machine) {}),
	halfRemains("zpool is not done", "zpool shows it", zpoolShows("DEGRADED", "ONLINE", "ONLINE"), func(*broken, *machine) {}),
	halfRemains("the pool lacks a disk", "pool tank of worker-1 is DEGRADED, not ONLINE", zpoolShows("ONLINE", "ONLINE", "ONLINE"), func(b *broken, m *machine) {
		if err := m.DiskDies(half(b, m).Path, node.Vanished); err != nil {
			b.t.Fatal(err)
		}
	}),
	halfRemains("the new one is not in the stack file", "the stack file does not name it", zpoolShows("ONLINE", "ONLINE", "ONLINE"), func(b *broken, m *machine) {
		b.stack.Storage.ZFS.Pools[0].Disks[1].Serial = "ANOTHER"
	}),
}
