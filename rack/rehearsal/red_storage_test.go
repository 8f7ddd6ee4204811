package rehearsal

import (
	"fmt"
	"strings"
)

const (
	cephPath    = "/apis/ceph.rook.io/v1/cephclusters"
	osdPath     = "/apis/apps/v1/namespaces/rook-ceph/deployments"
	classesPath = "/apis/storage.k8s.io/v1/storageclasses"
	claimPath   = "/api/v1/namespaces/default/persistentvolumeclaims/claim-"
	podPath     = "/api/v1/namespaces/default/pods/consumer-"
)

func osds(b *broken, ready ...int) {
	var all []string
	for i, n := range ready {
		all = append(all, fmt.Sprintf("{kind: Deployment, apiVersion: apps/v1, metadata: {name: rook-ceph-osd-%d}, status: {readyReplicas: %d}}", i, n))
	}
	b.list(osdPath, all...)
}

func ceph(b *broken, phase string) {
	b.list(cephPath, "{metadata: {name: rook-ceph, namespace: rook-ceph}, status: {phase: "+phase+", message: no disk}}")
}

// copiesOf is a Ceph cluster that says so of itself.
func copiesOf(b *broken, says string) {
	b.list(cephPath, "{kind: CephCluster, apiVersion: ceph.rook.io/v1, metadata: {name: rook-ceph, namespace: rook-ceph}, status: {ceph: {"+says+"}}}")
}

func wholeCeph(b *broken) {
	ceph(b, "Ready")
	osds(b, 1, 1, 1)
	onDisks(b)
}

// classes are those of the names, of which the first is the default.
func classes(b *broken, names ...string) {
	var all []string
	for i, name := range names {
		all = append(all, fmt.Sprintf(`{kind: StorageClass, apiVersion: storage.k8s.io/v1, metadata: {name: %s, annotations: {storageclass.kubernetes.io/is-default-class: "%t"}}, provisioner: p}`, name, i == 0))
	}
	b.list(classesPath, all...)
}

func wholeClaims(b *broken) {
	classes(b, "ceph-block", "ceph-filesystem", "zfs-tank")
	b.api[claimPath] = "{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: claim-}, status: {phase: Bound}}"
	b.api[podPath] = "{kind: Pod, apiVersion: v1, metadata: {name: consumer-}, status: {conditions: " +
		"[{type: PodScheduled, status: \"False\", message: node(s) did not have enough free storage}]}}"
}

var redStorage = []red{
	{
		line: "Ceph runs on the named disks", fault: "one is missing",
		whole: wholeCeph, damage: func(b *broken) { osds(b, 1, 1) }, want: "2 OSDs for 3 disks",
	},
	{
		line: "Ceph runs on the named disks", fault: "one does not run",
		whole: wholeCeph, damage: func(b *broken) { osds(b, 1, 0, 1) }, want: "rook-ceph-osd-1 does not run",
	},
	{
		line: "Ceph runs on the named disks", fault: "Rook is not content",
		whole: wholeCeph, damage: func(b *broken) { ceph(b, "Error") }, want: "phase Error: no disk",
	},
	{
		line: "storage has all of its copies", fault: "a placement group does not",
		whole:  func(b *broken) { copiesOf(b, "health: HEALTH_OK") },
		damage: func(b *broken) { copiesOf(b, "health: HEALTH_WARN, details: {PG_DEGRADED: {}}") },
		want:   `cephclusters: rook-ceph is "HEALTH_WARN" PG_DEGRADED`,
	},
	{
		line: "storage has all of its copies", fault: "there is no Ceph", want: "there are no cephclusters.ceph.rook.io: that proves nothing",
		whole: func(b *broken) { copiesOf(b, "health: HEALTH_OK") }, damage: func(b *broken) { b.list(cephPath) },
	},
	{
		line: "storage has all of its copies", fault: "a volume of Longhorn lacks a replica", want: "volumes: pvc-1 is degraded",
		whole: longhornAlone, damage: func(b *broken) { b.list(longhornVolumesPath, fmt.Sprintf(storedVolume, "degraded")) },
	},
	{
		line: "storage has all of its copies", fault: "there is no volume of Longhorn", want: "there are no volumes.longhorn.io: that proves nothing",
		whole: longhornAlone, damage: func(b *broken) { b.list(longhornVolumesPath) },
	},
	{
		line: "Ceph runs on the named disks", fault: "it took the decoy in the place of one", want: "DECOY-worker-1 has \"osd.7 of Ceph one\", and the stack file does not name it",
		whole: wholeCeph, damage: func(b *broken) { misplace(b, "worker-1", "osd.", "osd.7 of Ceph one") },
	},
	{
		line: "Ceph runs on the named disks", fault: "one is empty", want: "worker-1: no disk that is named by ",
		whole: wholeCeph, damage: func(b *broken) { misplace(b, "worker-1", "osd.", "") },
	},
	{
		line: "ZFS pools are on the named disks", fault: "one took the decoy", want: "has \"ZFS pool tank\", and the stack file does not name it",
		whole: onDisks, damage: func(b *broken) { misplace(b, b.stack.Storage.ZFS.Pools[0].Node, "ZFS pool ", "ZFS pool tank") },
	},
	{
		line: "ZFS pools are on the named disks", fault: "one is not there", want: "no disk that is named by ",
		whole: onDisks, damage: func(b *broken) { misplace(b, b.stack.Storage.ZFS.Pools[0].Node, "ZFS pool ", "") },
	},
	{
		line: "ZFS pools are on the named disks", fault: "there is another pool", want: "has \"ZFS pool stray\", and the stack file does not name it",
		whole: onDisks, damage: func(b *broken) { misplace(b, b.stack.Storage.ZFS.Pools[0].Node, "nothing", "ZFS pool stray") },
	},
	{
		line: "Longhorn stores on the named volumes", fault: "a disk is not ready", want: "lab-1: Longhorn's disk at /var/mnt/longhorn is not ready",
		whole: longhornAlone, damage: func(b *broken) { storedOn(b, "/var/mnt/longhorn", "False") },
	},
	{
		line: "Longhorn stores on the named volumes", fault: "it stores on EPHEMERAL", want: `lab-1: Longhorn stores at ["/var/lib/longhorn"], not at ["/var/mnt/longhorn"]`,
		whole: longhornAlone, damage: func(b *broken) { storedOn(b, "/var/lib/longhorn", "True") },
	},
	{
		line: "Longhorn stores on the named volumes", fault: "nobody stores", want: "Longhorn stores nowhere",
		whole: longhornAlone, damage: func(b *broken) { b.list(longhornNodesPath) },
	},
	{
		line: "every storage class gives volumes", fault: "one does not",
		whole: wholeClaims, damage: func(b *broken) { b.api[claimPath] = strings.Replace(b.api[claimPath], "Bound", "Pending", 1) },
		want: "ceph-block: after 1m0s: the claim is Pending: node(s) did not have enough free storage",
	},
	{
		line: "every storage class gives volumes", fault: "one is not there",
		whole: wholeClaims, damage: func(b *broken) { classes(b, "ceph-block", "ceph-filesystem") }, want: "there is no class zfs-tank",
	},
	{
		line: "every storage class gives volumes", fault: "another is the default",
		whole: wholeClaims, damage: func(b *broken) { classes(b, "zfs-tank", "ceph-block", "ceph-filesystem") },
		want: "the default classes are [zfs-tank], not ceph-block alone",
	},
}
