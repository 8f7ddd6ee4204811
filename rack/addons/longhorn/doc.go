// Package longhorn is a stand-in for Longhorn's manager (https://longhorn.io/docs/latest/concepts/): it registers the nodes that
// store, keeps a volume for each of the driver's persistent volumes, with its replicas on different nodes, and has a volume be
// degraded or faulted while replicas are missing.
//
// A replica misses what is written while its node is away, and is rebuilt from another one when the node is back. When all of a
// volume's replicas are lost, those that were lost last are salvaged as they are. A volume that no pod uses is detached, and its
// replicas miss nothing.
//
// Left out: data, and the room that there is on disks; the ten minutes after which Longhorn makes another replica in the place of
// one whose node does not come back; the disruption budgets of its instance managers; engines, snapshots and backups.
package longhorn
