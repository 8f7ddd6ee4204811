package csi

import (
	"errors"
	"fmt"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/rook"
)

type class = *storagev1.StorageClass

// blockPool wants the pool of a class of block volumes to be ready.
func blockPool(c *cluster.Cluster, class class, _ string) error {
	return ready(c, class, rook.BlockPools, class.Parameters["pool"])
}

// filesystem wants the file system of a class to be ready.
func filesystem(c *cluster.Cluster, class class, _ string) error {
	return ready(c, class, rook.Filesystems, class.Parameters["fsName"])
}

func ready(c *cluster.Cluster, class class, kind cluster.Kind, name string) error {
	namespace := class.Parameters["clusterID"]
	for _, object := range c.List(kind) {
		if object.GetNamespace() != namespace || cephName(object) != name {
			continue
		}
		if phase, _, _ := unstructured.NestedString(object.Object, "status", "phase"); phase != rook.Ready {
			return fmt.Errorf("%s %s/%s is not ready", object.GetKind(), namespace, object.GetName())
		}
		return secret(c, class)
	}
	return fmt.Errorf("%s has no %s named %q", namespace, kind.Resource, name)
}

// cephName is what Ceph calls a pool: its own name, or that of its object.
func cephName(object *unstructured.Unstructured) string {
	if name, _, _ := unstructured.NestedString(object.Object, "spec", "name"); name != "" {
		return name
	}
	return object.GetName()
}

// secret wants the Secret with which the driver asks for volumes.
func secret(c *cluster.Cluster, class class) error {
	name := class.Parameters["csi.storage.k8s.io/provisioner-secret-name"]
	namespace := class.Parameters["csi.storage.k8s.io/provisioner-secret-namespace"]
	if name == "" {
		return errors.New("the class has no csi.storage.k8s.io/provisioner-secret-name")
	}
	if c.Get(cluster.Secrets, namespace, name) == nil {
		return fmt.Errorf("failed to get secret %s in namespace %s: secrets %q not found", name, namespace, name)
	}
	return nil
}
