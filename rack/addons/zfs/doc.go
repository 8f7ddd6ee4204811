// Package zfs plays what makes and finds the ZFS pools of nodes: the pods that make them, and the agents of ZFS LocalPV
// (https://github.com/openebs/zfs-localpv), which tell the driver of them.
//
// The pods' script is not played but run, as it stands in the cluster, by an interpreter that has the node's simulated
// disks in the place of devices, and a zpool that only list and create are known of. A pod whose script fails stays
// without its containers, as in life.
//
// Left out: data, and all that becomes of a pool later: it is never degraded, grown, exported or destroyed.
package zfs
