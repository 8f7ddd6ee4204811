package csi

import (
	"context"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/rack/addons/volumes"
	"github.com/home-ops/home-ops/rack/addons/zfs"
)

// The annotations that claims and volumes have.
const (
	selectedNode  = "volume.kubernetes.io/selected-node"
	provisioner   = "volume.kubernetes.io/storage-provisioner"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
)

// Controllers play the drivers, each while its own operator runs, and the controller of snapshots. What is on the volumes is in the
// contents; nil keeps nothing.
func Controllers(contents *volumes.Contents) []cluster.Controller {
	var list []cluster.Controller
	for _, d := range drivers {
		list = append(list, cluster.Controller{
			Name: "csi" + strings.ReplaceAll("."+strings.TrimPrefix(d.suffix, "."), ".", "-"), Operators: []string{d.operator},
			Kinds: []cluster.Kind{cluster.Claims, cluster.Volumes, cluster.Attachments, cluster.StorageClasses, cluster.Capacities, cluster.Secrets, rook.BlockPools, rook.Filesystems, zfs.Nodes, cluster.Deployments, Drivers, Snapshots, SnapshotContents},
			Pass: func(ctx context.Context, c *cluster.Cluster, pods []cluster.Pod) error {
				return errors.Join(d.capacities(ctx, c, pods[0].Namespace), d.provision(ctx, c, contents), d.attach(ctx, c), d.reclaim(ctx, c, contents))
			},
		})
	}
	return append(list, snapshotController(contents))
}

// provision makes the volumes that claims wait for. Kubernetes says which those are: a claim for which a volume is reserved waits for
// that one.
func (d driver) provision(ctx context.Context, c *cluster.Cluster, contents *volumes.Contents) error {
	var errs []error
	for _, item := range cluster.Read[corev1.PersistentVolumeClaim](c, cluster.Claims) {
		claim := item.Typed
		if claim.Spec.VolumeName != "" || claim.Spec.StorageClassName == nil || claim.DeletionTimestamp != nil {
			continue
		}
		class := cluster.Find[storagev1.StorageClass](c, cluster.StorageClasses, "", *claim.Spec.StorageClassName)
		if class == nil || !strings.HasSuffix(class.Provisioner, d.suffix) || claim.Annotations[provisioner] != class.Provisioner || waits(class, claim) {
			continue
		}
		from, err := source(c, contents, claim, class)
		if err != nil {
			c.Log.Debug("a claim waits", "claim", cluster.Key(claim), "why", err)
			continue
		}
		if d.backing != nil {
			if err := d.backing(c, class, claim.Annotations[selectedNode]); err != nil {
				c.Log.Debug("a claim waits", "claim", cluster.Key(claim), "why", err)
				continue
			}
		}
		volume := volumeOf(claim, class)
		if err := contents.Make(volume.Spec.CSI.VolumeHandle, from); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, c.Apply(ctx, cluster.Volumes, volume))
	}
	return errors.Join(errs...)
}

// waits reports whether the claim's class waits for a pod, and none has been given a node yet.
func waits(class class, claim *corev1.PersistentVolumeClaim) bool {
	return class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer &&
		claim.Annotations[selectedNode] == ""
}

func volumeOf(claim *corev1.PersistentVolumeClaim, class class) *corev1.PersistentVolume {
	policy := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	volume := &corev1.PersistentVolume{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolume"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "pvc-" + string(claim.UID), Annotations: map[string]string{provisionedBy: class.Provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:    corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes: claim.Spec.AccessModes, VolumeMode: claim.Spec.VolumeMode, MountOptions: class.MountOptions,
			PersistentVolumeReclaimPolicy: policy, StorageClassName: class.Name,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}
	volume.Spec.CSI = &corev1.CSIPersistentVolumeSource{
		Driver: class.Provisioner, VolumeHandle: "pvc-" + string(claim.UID), FSType: class.Parameters["csi.storage.k8s.io/fstype"],
	}
	if node := claim.Annotations[selectedNode]; node != "" && strings.HasPrefix(class.Provisioner, "zfs.") {
		// A dataset is on the node on which it was made.
		volume.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
		}}}}
	}
	return volume
}

// reclaim deletes the volumes whose claims are gone, where their class says so, and which are at no node any more.
func (d driver) reclaim(ctx context.Context, c *cluster.Cluster, contents *volumes.Contents) error {
	var errs []error
	attached := attached(c)
	for _, item := range cluster.Read[corev1.PersistentVolume](c, cluster.Volumes) {
		v := item.Typed
		if strings.HasSuffix(v.Annotations[provisionedBy], d.suffix) && v.Status.Phase == corev1.VolumeReleased &&
			v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete && v.DeletionTimestamp == nil && !attached[v.Name] {
			err := c.Delete(ctx, cluster.Volumes, "", v.Name)
			if err == nil && v.Spec.CSI != nil {
				err = d.drop(c, contents, v.Spec.CSI.VolumeHandle)
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
