// Package bgp works out both ends of the stack's BGP sessions from the stack file
// alone. Cilium's objects and the router's configuration are both written from
// the same plan, so that they cannot disagree.
package bgp
