// Package rook makes replicated storage out of the disks that the stack names:
// Rook's operator, the Ceph cluster that it runs, and the storage classes with which
// volumes and buckets are claimed.
//
// Only the operator is a Helm release. The Ceph cluster, its pools and its classes are
// objects of the plan and not values of Rook's second chart: a preview then shows each
// of them, and each is protected by itself. A release is one resource, and a changed
// value in it could delete a pool.
//
// Rook takes a disk only when it is empty: one with partitions or a file system is
// left alone, even when the stack names it. Wipe a used disk first (talosctl wipe
// disk). The kernel of Talos has Ceph's clients; nodes need no extension and no module.
//
// Deleted data does not come back when its object is made again. What holds data is
// therefore protected, and retained in the cluster when it leaves the stack. To take
// Ceph down, follow Rook's manual
// (https://rook.io/docs/rook/latest/Storage-Configuration/ceph-teardown/).
package rook
