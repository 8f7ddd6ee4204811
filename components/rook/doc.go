// Package rook makes replicated storage out of the disks that the stack names:
// Rook's operator, the Ceph cluster that it runs, and the storage classes by which
// volumes and buckets are asked for.
//
// Rook takes a disk only when it is empty: one with partitions or a file system is
// left alone, even by name. Wipe a used disk first (talosctl wipe disk). Talos has
// Ceph's clients in its kernel, so that nodes need no extension and no module.
//
// Deleting is not undone by making again. What holds data is therefore protected,
// and Pulumi forgets it rather than deletes it; Ceph is taken down as Rook's
// manual says (https://rook.io/docs/rook/latest/Storage-Configuration/ceph-teardown/).
package rook
