// Package bgp tries the two ends of the stacks' BGP sessions on each other: the
// router's configuration in FRR as Debian has it, and Cilium's objects in GoBGP,
// the implementation inside Cilium. It holds tests alone.
package bgp
