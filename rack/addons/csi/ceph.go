package csi

import (
	"errors"
	"fmt"
	"path"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/spec"
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
		return errors.Join(chosen(c, class, namespace), secret(c, class))
	}
	return fmt.Errorf("%s has no %s named %q", namespace, kind.Resource, name)
}

// Drivers are the drivers that somebody has chosen for the CSI operator to run.
var Drivers = cluster.Kind{Group: "csi.ceph.io", Version: "v1", Resource: "drivers"}

// driversApart is the first Rook that makes no Driver itself
// (https://github.com/rook/rook/blob/v1.20.3/Documentation/Upgrade/rook-upgrade.md).
const driversApart = spec.Version("v1.20.0")

// chosen wants the driver of a class where Rook leaves that to a chart: without one of its name no pod of it runs.
func chosen(c *cluster.Cluster, class class, namespace string) error {
	operator := cluster.Find[appsv1.Deployment](c, cluster.Deployments, namespace, "rook-ceph-operator")
	if operator == nil || len(operator.Spec.Template.Spec.Containers) == 0 {
		return nil
	}
	_, tag, _ := strings.Cut(path.Base(operator.Spec.Template.Spec.Containers[0].Image), ":")
	if !spec.Version(tag).Reaches(driversApart) || c.Get(Drivers, namespace, class.Provisioner) != nil {
		return nil
	}
	return fmt.Errorf("nothing provides %s: Rook %s leaves its drivers to the chart ceph-csi-drivers, and %s has no Driver of that name", class.Provisioner, tag, namespace)
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
