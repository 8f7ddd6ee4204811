// Package helmguard lets a Helm release be made or changed after a run that was killed in
// the middle of it.
//
// Helm writes a record of each operation before it begins, as a Secret with a status such
// as pending-install, and refuses the next operation while there is one: `cannot re-use a
// name that is still in use`, `another operation (install/upgrade/rollback) is in
// progress`. Nothing in the record says whether anybody is still at work on it. So each
// run marks the releases that it works on with a Lease, which it renews for as long as it
// lives, and a later run removes the pending record of a run whose Lease is not renewed.
// A record that no run has marked is of a person's own helm command, and is left alone
// until that can have ended.
package helmguard
