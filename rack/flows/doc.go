// Package flows judges traffic where no packet flows. It reads what is in a cluster, works out which connections its
// parts need and which must be refused, and puts each to Cilium's own policy engine (the command in engine/), which
// decides by the policies, labels and identities as the agent of a node would.
//
// The objects may come from an API server or from files: [New] takes both alike.
package flows
