package main

import (
	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// set is the kinds of one project.
type set struct {
	// name is the folder that the definitions go to.
	name string
	// packages hold the Go types; packages.go names them for go.mod.
	packages []string
	// groups are the API groups that are wanted out of the packages.
	groups []string
	// not are the kinds in the packages that the project does not install.
	not []string
	// embeddedMetadata keeps labels and annotations of objects inside objects, volume claim templates say, for a
	// project that generates its own with that option.
	embeddedMetadata bool
	// amend does what the project does to its generator's output.
	amend func(*apiextensions.CustomResourceDefinition)
}

var sets = []set{
	{
		name: "cilium",
		packages: []string{
			"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2",
			"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2alpha1",
		},
		groups: []string{"cilium.io"},
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
}
