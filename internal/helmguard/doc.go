// Package helmguard lets a Helm release be made or changed after a run that was killed in
// the middle of it.
//
// Helm writes a record of each operation before it begins, as a Secret with a status such
// as pending-install, and refuses the next operation while there is one: `cannot re-use a
// name that is still in use`, `another operation (install/upgrade/rollback) is in
// progress`. It refuses an installation, too, when the one before has ended and the engine
// was killed before it wrote that down. Nothing in the record says whether anybody is
// still at work on it, or for whom it was made. So each run marks the releases that it
// works on with a Lease, which it renews for as long as it is at work on them, and a later
// run takes over what a run whose Lease is not renewed has left. A pending record that no
// run has marked is of a person's own helm command, and is left alone until that can have
// ended; a release that no run has marked is another's.
package helmguard
