// Package rookio has the kinds of the ceph.rook.io API group that the program makes,
// with the fields that it sets.
//
// Rook's own types are not used because of what they import: Vault's client,
// OpenShift's API and two more projects, for settings that no home has. The rack
// checks each field against the real custom resource definitions.
package rookio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// V1 is the version of the API group.
const V1 = "ceph.rook.io/v1"

// Type is the head of an object.
func Type(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: V1, Kind: kind}
}
