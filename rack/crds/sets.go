package main

import (
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// sets are all but the Gateway API, which has a generator of its own (gateway.go).
var sets = []set{
	{
		name: "cilium",
		packages: []string{
			"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2",
			"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2alpha1",
		},
		imports: "github.com/cilium/cilium/pkg/policy/api",
		groups:  []string{"cilium.io"},
		// The operator recognises its own definitions, and those of an older Cilium, by this label.
		amend: func(c *apiextensions.CustomResourceDefinition) {
			c.Labels = map[string]string{ciliumio.CustomResourceDefinitionSchemaVersionKey: ciliumio.CustomResourceDefinitionSchemaVersion}
		},
	},
	{
		name:             "rook",
		packages:         []string{"github.com/rook/rook/pkg/apis/ceph.rook.io/v1"},
		groups:           []string{"ceph.rook.io"},
		embeddedMetadata: true,
	},
	{
		name:     "ceph-csi",
		packages: []string{"github.com/ceph/ceph-csi-operator/api/v1"},
		groups:   []string{"csi.ceph.io"},
	},
	{
		name: "snapshot",
		packages: []string{
			"github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1",
			"github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumegroupsnapshot/v1beta1",
		},
		groups: []string{"snapshot.storage.k8s.io", "groupsnapshot.storage.k8s.io"},
		// An API server takes kinds of Kubernetes' own groups only with a word about their approval.
		amend: func(c *apiextensions.CustomResourceDefinition) {
			c.Annotations = map[string]string{apiextensions.KubeAPIApprovedAnnotation: "https://github.com/kubernetes-csi/external-snapshotter/pull/814"}
		},
	},
	{
		name:     "objectbucket",
		packages: []string{"github.com/kube-object-storage/lib-bucket-provisioner/pkg/apis/objectbucket.io/v1alpha1"},
		groups:   []string{"objectbucket.io"},
	},
	{
		name: "cert-manager",
		packages: []string{
			"github.com/cert-manager/cert-manager/pkg/apis/acme/v1",
			"github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1",
		},
		groups: []string{"cert-manager.io", "acme.cert-manager.io"},
		amend:  certManager,
	},
	{
		name: "external-secrets",
		packages: []string{
			"github.com/external-secrets/external-secrets/apis/externalsecrets/v1",
			"github.com/external-secrets/external-secrets/apis/externalsecrets/v1alpha1",
			"github.com/external-secrets/external-secrets/apis/externalsecrets/v1beta1",
			"github.com/external-secrets/external-secrets/apis/generators/v1alpha1",
		},
		groups: []string{"external-secrets.io", "generators.external-secrets.io"},
	},
	{
		name: "prometheus-operator",
		packages: []string{
			"github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1",
			"github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1",
		},
		groups: []string{"monitoring.coreos.com"},
	},
	{
		name: "flux",
		packages: []string{
			"github.com/fluxcd/helm-controller/api/v2",
			"github.com/fluxcd/helm-controller/api/v2beta1",
			"github.com/fluxcd/helm-controller/api/v2beta2",
			"github.com/fluxcd/image-automation-controller/api/v1",
			"github.com/fluxcd/image-automation-controller/api/v1beta1",
			"github.com/fluxcd/image-automation-controller/api/v1beta2",
			"github.com/fluxcd/image-reflector-controller/api/v1",
			"github.com/fluxcd/image-reflector-controller/api/v1beta1",
			"github.com/fluxcd/image-reflector-controller/api/v1beta2",
			"github.com/fluxcd/kustomize-controller/api/v1",
			"github.com/fluxcd/kustomize-controller/api/v1beta1",
			"github.com/fluxcd/kustomize-controller/api/v1beta2",
			"github.com/fluxcd/notification-controller/api/v1",
			"github.com/fluxcd/notification-controller/api/v1beta1",
			"github.com/fluxcd/notification-controller/api/v1beta2",
			"github.com/fluxcd/notification-controller/api/v1beta3",
			"github.com/fluxcd/source-controller/api/v1",
			"github.com/fluxcd/source-controller/api/v1beta1",
			"github.com/fluxcd/source-controller/api/v1beta2",
		},
		groups: []string{
			"helm.toolkit.fluxcd.io", "image.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io",
			"notification.toolkit.fluxcd.io", "source.toolkit.fluxcd.io",
		},
	},
	{
		name:     "flux-operator",
		packages: []string{"github.com/controlplaneio-fluxcd/flux-operator/api/v1"},
		groups:   []string{"fluxcd.controlplane.io"},
	},
	{
		name: "longhorn",
		packages: []string{
			"github.com/longhorn/longhorn-manager/k8s/pkg/apis/longhorn/v1beta1",
			"github.com/longhorn/longhorn-manager/k8s/pkg/apis/longhorn/v1beta2",
		},
		groups: []string{"longhorn.io"},
	},
	{
		name:     "external-dns",
		packages: []string{"sigs.k8s.io/external-dns/apis/v1alpha1"},
		groups:   []string{"externaldns.k8s.io"},
	},
	{
		name:     "volsync",
		packages: []string{"github.com/backube/volsync/api/v1alpha1"},
		groups:   []string{"volsync.backube"},
	},
	{
		name:     "zfs-localpv",
		packages: []string{"github.com/home-ops/home-ops/rack/crds/zfs"},
		groups:   []string{"zfs.openebs.io"},
	},
}

// certManager says by hand what cert-manager's types leave to its chart.
func certManager(c *apiextensions.CustomResourceDefinition) {
	if c.Spec.Names.Kind == "ClusterIssuer" {
		c.Spec.Scope = apiextensions.ClusterScoped
	}
	for i := range c.Spec.Versions {
		c.Spec.Versions[i].Subresources = &apiextensions.CustomResourceSubresources{Status: &apiextensions.CustomResourceSubresourceStatus{}}
	}
}
