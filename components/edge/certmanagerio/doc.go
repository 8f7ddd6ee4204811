// Package certmanagerio holds the kinds of the cert-manager.io API group that the
// program makes, as far as it fills them in.
//
// They are written here because cert-manager's own types bring the types of custom
// resource definitions along, which nothing else of the program needs. The rack
// checks that the real custom resource definitions accept them, field by field.
package certmanagerio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// V1 is the version of the API group.
const V1 = "cert-manager.io/v1"

// Type is the head of an object.
func Type(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: V1, Kind: kind}
}
