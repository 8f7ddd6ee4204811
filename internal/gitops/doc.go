// Package gitops reads the Git tree of a cluster (kubernetes/) as Flux would, and reports
// what Flux, the API server or an operator would refuse or drop, without a cluster.
//
// [Load] follows the Flux Kustomizations from the cluster's folder down: it builds each
// folder with kustomize, as kustomize-controller does, and substitutes the settings that
// the stack file gives (components/flux/settings). The checks look at the result.
package gitops
