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
