// Package rookio holds the kinds of the ceph.rook.io API group that the program
// makes, as far as it fills them in, and the one kind of CSI snapshots.
//
// They are written here because Rook's own types cannot be had alone: their
// package imports Vault's client, OpenShift's API and two more projects for
// settings that no home has. The rack checks that the real custom resource
// definitions accept them, field by field.
package rookio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// V1 is the version of the API group.
const V1 = "ceph.rook.io/v1"

// Type is the head of an object.
func Type(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: V1, Kind: kind}
}
