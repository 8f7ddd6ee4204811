// Package zfs plays what makes and finds the ZFS pools of nodes: the pods that make them, and the agents of ZFS LocalPV
// (https://github.com/openebs/zfs-localpv), which tell the driver of them.
//
// The pods' script is not played but run, as it stands in the cluster, by an interpreter that has the node's simulated
// disks in the place of devices. A pod whose script fails stays without its containers, as in life.
//
// A pool is what its disks say, each of which has a label that tells of all. The rack's zpool knows list, create, status, replace,
// wait and online, as far as the script and the pages go. A pool that lacks more disks than its layout can lose is not there: at home
// it is suspended until the machine boots, and not imported then.
//
// Left out: data, errors of single blocks, spares, scrubs, and that a disk which was missing when the machine booted is shown by its
// number. A pool is never exported or destroyed.
package zfs
