// Package rook is a stand-in for Rook's operator (https://rook.io/docs/rook/latest/): it takes the disks that a CephCluster names,
// runs Deployments in the place of Ceph's daemons, so that their loss can be seen, and reports the phases of the kinds that are
// made of them. Ceph's health is that of what runs: it lacks copies while an OSD is away, and until the OSD has copied what it
// missed.
//
// It is stricter than Rook in two things that Rook leaves to whoever reads its logs: a filter that matches no disk, or one that is in use,
// keeps the CephCluster from getting ready; and a pool whose copies cannot be apart is a failure, where Ceph would
// wait for ever with degraded data.
//
// Left out: Ceph. No daemon answers, nothing is stored, and a deletion waits for no data; erasure-coded pools, mirroring, stretch and
// external clusters get no status, because nobody judged them; the disruption budgets that Rook keeps.
package rook
