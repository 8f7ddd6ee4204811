package csi

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/volumes"
)

// source is the folder whose content a claim's volume begins with: a snapshot's or another volume's, empty for none. A claim that is
// to be filled from anything else is no provisioner's: who knows that kind gives it its volume.
func source(c *cluster.Cluster, contents *volumes.Contents, claim *corev1.PersistentVolumeClaim, class class) (string, error) {
	ref := claim.Spec.DataSourceRef
	group := ""
	if ref != nil && ref.APIGroup != nil {
		group = *ref.APIGroup
	}
	switch {
	case ref == nil:
		return "", nil
	case group == Snapshots.Group && ref.Kind == "VolumeSnapshot":
		s := cluster.Find[snapshot](c, Snapshots, claim.Namespace, ref.Name)
		if s == nil || s.Status == nil || !s.Status.Ready {
			return "", fmt.Errorf("error getting handle for DataSource Type VolumeSnapshot by Name %s: snapshot %s is not Ready", ref.Name, ref.Name)
		}
		of := cluster.Find[snapshotContent](c, SnapshotContents, "", s.Status.Content)
		if of == nil || of.Spec.Driver != class.Provisioner {
			return "", fmt.Errorf("error getting handle for DataSource Type VolumeSnapshot by Name %s: it is not of %s", ref.Name, class.Provisioner)
		}
		size, wanted := s.Status.Size, claim.Spec.Resources.Requests[corev1.ResourceStorage]
		if size != nil && wanted.Cmp(*size) < 0 {
			return "", fmt.Errorf("requested volume size %s is less than the size %s for the source snapshot %s", wanted.String(), size.String(), ref.Name)
		}
		if contents == nil {
			return "", nil
		}
		return contents.Snapshot(of.Name), nil
	case group == "" && ref.Kind == "PersistentVolumeClaim":
		from := cluster.Find[corev1.PersistentVolumeClaim](c, cluster.Claims, claim.Namespace, ref.Name)
		volume, err := Bound(c, from)
		if err != nil || contents == nil {
			return "", err
		}
		return contents.Volume(volume.Spec.CSI.VolumeHandle), nil
	default:
		return "", fmt.Errorf("%s is filled by whoever knows %s", claim.Name, ref.Kind)
	}
}

// Bound is the volume of a claim.
func Bound(c *cluster.Cluster, claim *corev1.PersistentVolumeClaim) (*corev1.PersistentVolume, error) {
	if claim == nil {
		return nil, errors.New("there is no such claim")
	}
	volume := cluster.Find[corev1.PersistentVolume](c, cluster.Volumes, "", claim.Spec.VolumeName)
	if claim.Status.Phase != corev1.ClaimBound || volume == nil || volume.Spec.CSI == nil {
		return nil, fmt.Errorf("claim %s is not bound", claim.Name)
	}
	return volume, nil
}

// drop takes away what is on a volume that its driver has deleted.
func (d driver) drop(c *cluster.Cluster, contents *volumes.Contents, handle string) error {
	if contents == nil {
		return nil
	}
	errs := []error{contents.Drop(contents.Volume, handle)}
	for _, item := range cluster.Read[snapshotContent](c, SnapshotContents) {
		if d.inside && item.Typed.Spec.Source.Volume == handle {
			errs = append(errs, contents.Drop(contents.Snapshot, item.Typed.Name))
		}
	}
	return errors.Join(errs...)
}
