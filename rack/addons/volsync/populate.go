package volsync

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// populate fills the claims that name a ReplicationDestination: a claim beside it is made from the latest image, and gives its volume
// away (https://github.com/backube/volsync/blob/v0.14.0/internal/controller/volumepopulator_controller.go).
func (p *pass) populate() error {
	var errs []error
	for _, item := range cluster.Read[corev1.PersistentVolumeClaim](p.Cluster, cluster.Claims) {
		claim, ref := item.Typed, item.Typed.Spec.DataSourceRef
		if ref == nil || ref.APIGroup == nil || *ref.APIGroup != group || ref.Kind != "ReplicationDestination" || claim.DeletionTimestamp != nil {
			continue
		}
		beside := cluster.Find[corev1.PersistentVolumeClaim](p.Cluster, cluster.Claims, claim.Namespace, "vs-prime-"+string(claim.UID))
		switch {
		case claim.Spec.VolumeName == "" && beside == nil:
			errs = append(errs, p.prime(claim))
		case claim.Spec.VolumeName == "":
			errs = append(errs, p.rebind(claim, beside))
		case beside != nil && beside.Status.Phase == corev1.ClaimLost && beside.DeletionTimestamp == nil:
			errs = append(errs, p.Delete(p.ctx, cluster.Claims, beside.Namespace, beside.Name))
		}
	}
	return errors.Join(errs...)
}

// prime makes the claim beside one, once there is an image.
func (p *pass) prime(claim *corev1.PersistentVolumeClaim) error {
	node := ""
	if claim.Spec.StorageClassName != nil {
		class := cluster.Find[storagev1.StorageClass](p.Cluster, cluster.StorageClasses, "", *claim.Spec.StorageClassName)
		if class == nil {
			return nil
		}
		if class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer {
			if node = claim.Annotations[selectedNode]; node == "" {
				return nil
			}
		}
	}
	from := cluster.Find[replication](p.Cluster, Destinations, claim.Namespace, claim.Spec.DataSourceRef.Name)
	if from == nil || from.Status.LatestImage == nil {
		return nil
	}
	image, yes := from.Status.LatestImage, true
	beside := &corev1.PersistentVolumeClaim{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "vs-prime-" + string(claim.UID), Namespace: claim.Namespace,
			Labels: map[string]string{createdByLabel: "volsync", primeLabel: claim.Name},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Name: claim.Name, UID: claim.UID, Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: claim.Spec.AccessModes, Resources: claim.Spec.Resources, StorageClassName: claim.Spec.StorageClassName, VolumeMode: claim.Spec.VolumeMode,
			DataSourceRef: &corev1.TypedObjectReference{APIGroup: image.APIGroup, Kind: image.Kind, Name: image.Name},
		},
	}
	if node != "" {
		beside.Annotations = map[string]string{selectedNode: node}
	}
	return p.Apply(p.ctx, cluster.Claims, beside)
}

// rebind gives the volume of the claim beside one to the one. Kubernetes binds it, and the other one has lost it.
func (p *pass) rebind(claim, beside *corev1.PersistentVolumeClaim) error {
	volume := cluster.Find[corev1.PersistentVolume](p.Cluster, cluster.Volumes, "", beside.Spec.VolumeName)
	if volume == nil || beside.Status.Phase != corev1.ClaimBound || volume.Spec.ClaimRef != nil && volume.Spec.ClaimRef.UID == claim.UID {
		return nil
	}
	return p.Apply(p.ctx, cluster.Volumes, map[string]any{
		"apiVersion": "v1", "kind": "PersistentVolume",
		"metadata": map[string]any{"name": volume.Name, "annotations": map[string]any{
			populatedNote: claim.Namespace + "/" + beside.Spec.DataSourceRef.Name,
		}},
		"spec": map[string]any{"claimRef": map[string]any{
			"namespace": claim.Namespace, "name": claim.Name, "uid": string(claim.UID), "resourceVersion": claim.ResourceVersion,
		}},
	})
}
