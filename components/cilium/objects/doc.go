// Package objects makes what Cilium is told once it runs, from the stack file
// alone: load-balancer pools, their announcement, and the baseline policies.
package objects
