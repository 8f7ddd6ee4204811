// Package rook makes replicated storage out of the disks that the stack names:
// Rook's operator, the Ceph cluster that it runs, and the storage classes by which
// volumes and buckets are asked for.
package rook
