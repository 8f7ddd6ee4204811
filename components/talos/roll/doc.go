// Package roll changes the machines of a running cluster, one at a time.
//
// It asks what a machine runs ([Machine]), decides what has to be done to it
// ([Decide]), in which order ([Order]), and goes on to the next one only when etcd,
// the API, the storage and the disruption budgets say that the cluster bears it.
// A machine that does not come back stops the roll; the next one goes on from there,
// because nothing is remembered that the machines and the cluster do not say
// themselves.
//
// The package knows nothing of Pulumi: components/talos calls it out of resource hooks.
package roll
