package kubernetes

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestKindOf_ReadsTheToken(t *testing.T) {
	for token, want := range map[string]schema.GroupVersionKind{
		"kubernetes:core/v1:Namespace":                        {Version: "v1", Kind: "Namespace"},
		"kubernetes:apps/v1:Deployment":                       {Group: "apps", Version: "v1", Kind: "Deployment"},
		"kubernetes:cilium.io/v2:CiliumBGPPeerConfig":         {Group: "cilium.io", Version: "v2", Kind: "CiliumBGPPeerConfig"},
		"kubernetes:example.com/v1:WidgetPatch":               {Group: "example.com", Version: "v1", Kind: "WidgetPatch"},
		"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": {Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"},
	} {
		got, err := kindOf("urn:pulumi:dev::test::" + token + "::it")
		if err != nil || got != want {
			t.Errorf("%s is %v (error %v), want %v", token, got, err, want)
		}
	}
}

func TestKindOf_RefusesWhatIsNotOneObject(t *testing.T) {
	const genuine = "; use the genuine plugin (make rehearse PLUGINS=DIR)"
	for token, want := range map[string]string{
		"kubernetes:helm.sh/v4:Chart":       "stand-in kubernetes plugin does not implement resource kubernetes:helm.sh/v4:Chart" + genuine,
		"kubernetes:core/v1:ConfigMapPatch": "stand-in kubernetes plugin does not implement patch resource kubernetes:core/v1:ConfigMapPatch" + genuine,
		"kubernetes:core/v1:ConfigMapList": "kubernetes:core/v1:ConfigMapList: list resources exist for compatibility with YAML manifests and Helm charts, " +
			"and cannot be created directly. Use the underlying resource type instead",
		"kubernetes:v1:Namespace": `apiVersion does not have both a group and a version: "v1"`,
	} {
		_, err := kindOf("urn:pulumi:dev::test::" + token + "::it")
		if err == nil || message(err) != want {
			t.Errorf("%s: error is %q, want %q", token, message(err), want)
		}
	}
}

func TestNamespaced_IsKnownWithoutACluster(t *testing.T) {
	none := &cluster{}
	for kind, want := range map[schema.GroupVersionKind]bool{
		{Version: "v1", Kind: "ConfigMap"}:                                               true,
		{Version: "v1", Kind: "Namespace"}:                                               false,
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}:         false,
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}: false,
		{Group: "example.com", Version: "v1", Kind: "Widget"}:                            true,
	} {
		if got := none.namespaced(kind); got != want {
			t.Errorf("%s is namespaced: %t, want %t", kind, got, want)
		}
	}
}
