// Package volsync is a stand-in for VolSync (https://volsync.readthedocs.io/en/stable/usage/restic/): it copies volumes to repositories
// of restic and back, by schedule and by hand, and fills the claims that name a ReplicationDestination from what was fetched last.
//
// The objects on the way are VolSync's own, in its order: a snapshot, a volume of it, a cache, an account, a Job. Whether the API
// server, quotas and pod security let them be is thus judged for real. When the Job has run, its work is done here, on the contents of
// the simulated volumes and in a bucket that is a folder.
//
// Left out: movers other than restic, and copy methods other than Snapshot; the eight tries of a Job, of which one is made; permissions
// of files; pruning and unlocking of repositories; the labels by which snapshots are kept from being deleted.
package volsync
