// Package controllers stands in the place of sigs.k8s.io/mcs-api/controllers, which the Go module proxy does not have. Cilium
// uses one name of it.
package controllers

// DerivedServiceAnnotation is where an imported Service has the name of the Service that stands for it in this cluster.
const DerivedServiceAnnotation = "multicluster.kubernetes.io/derived-service"
