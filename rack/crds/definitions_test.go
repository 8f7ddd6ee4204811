package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
)

// written is everything that the command writes, by set; made once, since it takes seconds.
var written = sync.OnceValues(func() (map[string][]apiextensionsv1.CustomResourceDefinition, error) {
	dir, err := os.MkdirTemp("", "crds-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := run(context.Background(), dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	all := map[string][]apiextensionsv1.CustomResourceDefinition{}
	for _, entry := range entries {
		if all[entry.Name()], err = read(filepath.Join(dir, entry.Name())); err != nil {
			return nil, err
		}
	}
	return all, nil
})

// TestDefinitions_AreWhatAnAPIServerAccepts asks the API server's own validation: structural schemas, the cost of
// validation rules, approval of protected groups.
func TestDefinitions_AreWhatAnAPIServerAccepts(t *testing.T) {
	all, err := written()
	if err != nil {
		t.Fatal(err)
	}
	for name, definitions := range all {
		for _, definition := range definitions {
			t.Run(name+"/"+definition.Name, func(t *testing.T) {
				apiextensionsv1.SetDefaults_CustomResourceDefinition(&definition)
				apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
				var internal apiextensions.CustomResourceDefinition
				if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&definition, &internal, nil); err != nil {
					t.Fatal(err)
				}
				// The versions that have been stored are the API server's to say.
				for _, version := range internal.Spec.Versions {
					if version.Storage {
						internal.Status.StoredVersions = []string{version.Name}
					}
				}
				for _, problem := range validation.ValidateCustomResourceDefinition(t.Context(), &internal) {
					t.Error(problem)
				}
			})
		}
	}
}

func TestDefinitions_HaveTheKindsThatTheProgramUses(t *testing.T) {
	all, err := written()
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string][]string{
		"cilium": {
			"ciliumloadbalancerippools.cilium.io", "ciliumbgpclusterconfigs.cilium.io", "ciliumbgppeerconfigs.cilium.io",
			"ciliumbgpadvertisements.cilium.io", "ciliuml2announcementpolicies.cilium.io", "ciliumnetworkpolicies.cilium.io",
			"ciliumclusterwidenetworkpolicies.cilium.io",
		},
		"gateway-api-standard":     {"gatewayclasses.gateway.networking.k8s.io", "gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io"},
		"gateway-api-experimental": {"tlsroutes.gateway.networking.k8s.io"},
		"rook": {
			"cephclusters.ceph.rook.io", "cephblockpools.ceph.rook.io", "cephfilesystems.ceph.rook.io",
			"cephfilesystemsubvolumegroups.ceph.rook.io", "cephobjectstores.ceph.rook.io",
		},
		"ceph-csi": {"drivers.csi.ceph.io", "operatorconfigs.csi.ceph.io", "cephconnections.csi.ceph.io", "clientprofiles.csi.ceph.io"},
		"snapshot": {"volumesnapshotclasses.snapshot.storage.k8s.io", "volumesnapshots.snapshot.storage.k8s.io"},
	} {
		for _, want := range wanted {
			if !slices.ContainsFunc(all[name], func(c apiextensionsv1.CustomResourceDefinition) bool { return c.Name == want }) {
				t.Errorf("%s has no %s", name, want)
			}
		}
	}
}

func TestRun_RefusesNoFolder(t *testing.T) {
	err := run(t.Context(), "")
	if err == nil || !strings.Contains(err.Error(), "-out is empty") {
		t.Errorf("run without a folder: %v", err)
	}
}
