// Package csi is a stand-in for CSI drivers and their sidecars: it makes a volume for each claim of a class whose driver runs, and
// takes snapshots. The claim itself is bound by Kubernetes, as in life, which also says what is attached to which node.
//
// A claim of Ceph's classes gets its volume only once the pool or file system that the class names is ready and the class's Secret is
// there, and, from Rook v1.20 on, a Driver of the class's name. One of ZFS' gets it on a node that has the pool which the class
// names, as the agents of ZFS LocalPV say. Of Longhorn nothing but the driver is looked at: that a node has room is not known
// here; package longhorn plays its volumes.
//
// What is on a volume is a folder (package volumes): a clone and a restored snapshot begin with what their source has, and a snapshot
// of Longhorn or ZFS goes with its volume. A claim that asks to be filled from a kind that is not CSI's own gets no volume here.
//
// Left out: nothing is mounted or grown, and a volume is at a node as soon as Kubernetes asks for it; a snapshot is not of one
// moment while somebody writes.
package csi
