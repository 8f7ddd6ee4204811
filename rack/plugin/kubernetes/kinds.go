package kubernetes

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// kindOf reads the kind out of a resource's token, kubernetes:GROUP/VERSION:Kind. It refuses the tokens that stand
// for something other than one object.
func kindOf(urn string) (schema.GroupVersionKind, error) {
	token := resource.URN(urn).Type()
	group, version, ok := strings.Cut(string(token.Module().Name()), "/")
	if token.Package() != "kubernetes" {
		return schema.GroupVersionKind{}, fmt.Errorf("unrecognized resource type: %q for this provider", token)
	}
	if !ok {
		// A CustomResource with the apiVersion v1 comes out so; the token of a core kind is kubernetes:core/v1:Kind.
		return schema.GroupVersionKind{}, fmt.Errorf("apiVersion does not have both a group and a version: %q", token.Module().Name())
	}
	switch group {
	case "core":
		group = ""
	case "helm.sh", "yaml", "kustomize":
		return schema.GroupVersionKind{}, serve.Unimplemented("kubernetes", "resource "+string(token))
	}
	gvk := schema.GroupVersionKind{Group: group, Version: version, Kind: string(token.Name())}
	if !builtIn(gvk.GroupVersion()) {
		return gvk, nil
	}
	switch {
	case strings.HasSuffix(gvk.Kind, "Patch"):
		return gvk, serve.Unimplemented("kubernetes", "patch resource "+string(token))
	case strings.HasSuffix(gvk.Kind, "List"):
		return gvk, fmt.Errorf("%s: list resources exist for compatibility with YAML manifests and Helm charts, "+
			"and cannot be created directly. Use the underlying resource type instead", token)
	}
	return gvk, nil
}

// builtIn tells whether an API is one of Kubernetes itself.
func builtIn(gv schema.GroupVersion) bool {
	switch gv.Group {
	case "core", "apiextensions.k8s.io", "apiregistration.k8s.io":
		return true
	}
	return scheme.Scheme.IsVersionRegistered(gv)
}

// clusterScoped are the built-in kinds that live outside of namespaces.
var clusterScoped = map[schema.GroupKind]bool{
	{Kind: "ComponentStatus"}:  true,
	{Kind: "Namespace"}:        true,
	{Kind: "Node"}:             true,
	{Kind: "PersistentVolume"}: true,

	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicy"}:          true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicyBinding"}:   true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:     true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}:   true,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:                 true,
	{Group: "apiregistration.k8s.io", Kind: "APIService"}:                             true,
	{Group: "authentication.k8s.io", Kind: "SelfSubjectReview"}:                       true,
	{Group: "authentication.k8s.io", Kind: "TokenReview"}:                             true,
	{Group: "authorization.k8s.io", Kind: "SelfSubjectAccessReview"}:                  true,
	{Group: "authorization.k8s.io", Kind: "SelfSubjectRulesReview"}:                   true,
	{Group: "authorization.k8s.io", Kind: "SubjectAccessReview"}:                      true,
	{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}:                 true,
	{Group: "certificates.k8s.io", Kind: "ClusterTrustBundle"}:                        true,
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "FlowSchema"}:                       true,
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "PriorityLevelConfiguration"}:       true,
	{Group: "internal.apiserver.k8s.io", Kind: "StorageVersion"}:                      true,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:                                true,
	{Group: "networking.k8s.io", Kind: "IPAddress"}:                                   true,
	{Group: "networking.k8s.io", Kind: "ServiceCIDR"}:                                 true,
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:                                      true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:                         true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}:                  true,
	{Group: "resource.k8s.io", Kind: "DeviceClass"}:                                   true,
	{Group: "resource.k8s.io", Kind: "DeviceTaintRule"}:                               true,
	{Group: "resource.k8s.io", Kind: "ResourceSlice"}:                                 true,
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                               true,
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:                                      true,
	{Group: "storage.k8s.io", Kind: "CSINode"}:                                        true,
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                                   true,
	{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:                               true,
	{Group: "storage.k8s.io", Kind: "VolumeAttributesClass"}:                          true,
	{Group: "storagemigration.k8s.io", Kind: "StorageVersionMigration"}:               true,
}

func isDefinition(object *unstructured.Unstructured) bool {
	return object.GetKind() == "CustomResourceDefinition" &&
		strings.HasPrefix(object.GetAPIVersion(), "apiextensions.k8s.io/")
}

func isCore(object *unstructured.Unstructured, kind string) bool {
	gvk := object.GroupVersionKind()
	return (gvk.Group == "" || gvk.Group == "core") && gvk.Kind == kind
}
