// Package ciliumio holds the kinds of the cilium.io API group that the program
// makes, as far as it fills them in.
//
// They are written here because Cilium's own types cannot be had alone: their
// package imports 680 others, among them client-go, Prometheus and a MongoDB
// driver. The rack checks that the real custom resource definitions accept
// them, field by field.
package ciliumio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The versions of the API group that a Cilium of this program's range serves.
const (
	V2       = "cilium.io/v2"
	V2alpha1 = "cilium.io/v2alpha1"
)

// Type is the head of an object.
func Type(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

// Named is the metadata of a cluster-wide object.
func Named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
