// Package cilium makes the cluster's network: Cilium itself, the kinds of the
// Gateway API, load-balancer addresses and their announcement over layer 2 or
// BGP, and the baseline network policies.
package cilium
