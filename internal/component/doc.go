// Package component is what all components have in common: how they are registered,
// and how the steps of a plan become resources, one each.
//
// Kubernetes objects and Helm releases are registered by their tokens. The generated
// Pulumi packages of every Kubernetes kind, 26 MB of Go, stay out of the build.
package component
