// Package cluster is how the simulated operators see and change a cluster: a cache of the kinds that they care about, kept by
// watches that survive a restarted API server, and writes that are left out when they would change nothing.
//
// A Controller works level-triggered: whenever something that it watches changes, its Pass looks at everything anew. That costs
// more than a queue of keys, and at the size of a home it cannot be measured; what it buys is that no event can be missed.
package cluster
