package csi

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/volumes"
)

// snapshot is a VolumeSnapshot of a claim.
type snapshot struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ClassName *string `json:"volumeSnapshotClassName"`
		Source    struct {
			Claim *string `json:"persistentVolumeClaimName"`
		} `json:"source"`
	} `json:"spec"`
	Status *snapshotStatus `json:"status"`
}

type snapshotStatus struct {
	Content string             `json:"boundVolumeSnapshotContentName,omitempty"`
	Ready   bool               `json:"readyToUse"`
	Created *metav1.Time       `json:"creationTime,omitempty"`
	Size    *resource.Quantity `json:"restoreSize,omitempty"`
	Error   *snapshotError     `json:"error,omitempty"`
}

type snapshotError struct {
	Time    metav1.Time `json:"time"`
	Message string      `json:"message"`
}

// snapshotClass is a VolumeSnapshotClass.
type snapshotClass struct {
	metav1.ObjectMeta `json:"metadata"`
	Driver            string `json:"driver"`
	DeletionPolicy    string `json:"deletionPolicy"`
}

// defaultClass marks the class of snapshots that name none, for each driver.
const defaultClass = "snapshot.storage.kubernetes.io/is-default-class"

func snapshotController(contents *volumes.Contents) cluster.Controller {
	return cluster.Controller{
		Name: "snapshot-controller", Operators: []string{"snapshot-controller"},
		Kinds: []cluster.Kind{cluster.Claims, cluster.Volumes, Snapshots, SnapshotClasses, SnapshotContents},
		Pass: func(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
			var errs []error
			for _, item := range cluster.Read[snapshot](c, Snapshots) {
				if item.Typed.Spec.Source.Claim != nil && item.Typed.DeletionTimestamp == nil {
					errs = append(errs, take(ctx, c, contents, item))
				}
			}
			return errors.Join(append(errs, forget(ctx, c, contents))...)
		},
	}
}

// take takes a snapshot, or says why it cannot.
func take(ctx context.Context, c *cluster.Cluster, contents *volumes.Contents, item cluster.Item[snapshot]) error {
	s := item.Typed
	if s.Status != nil && s.Status.Ready {
		return nil
	}
	status, err := taken(ctx, c, contents, s)
	if err != nil {
		status = snapshotStatus{Error: &snapshotError{metav1.Now(), "Failed to create snapshot content with error " + err.Error()}}
		if s.Status != nil && s.Status.Error != nil && s.Status.Error.Message == status.Error.Message {
			return nil
		}
	}
	return c.WriteStatus(ctx, Snapshots, item.Object, status)
}

func taken(ctx context.Context, c *cluster.Cluster, contents *volumes.Contents, s *snapshot) (snapshotStatus, error) {
	claim := cluster.Find[corev1.PersistentVolumeClaim](c, cluster.Claims, s.Namespace, *s.Spec.Source.Claim)
	if claim == nil {
		return snapshotStatus{}, fmt.Errorf("snapshot controller failed to update %s on API server: cannot get claim from snapshot", s.Name)
	}
	volume := cluster.Find[corev1.PersistentVolume](c, cluster.Volumes, "", claim.Spec.VolumeName)
	if claim.Status.Phase != corev1.ClaimBound || volume == nil || volume.Spec.CSI == nil {
		return snapshotStatus{}, fmt.Errorf("the PVC %s is not yet bound to a PV, will not attempt to take a snapshot", claim.Name)
	}
	class, err := classOf(c, s, volume.Spec.CSI.Driver)
	if err != nil {
		return snapshotStatus{}, err
	}
	name, now, size := "snapcontent-"+string(s.UID), metav1.Now(), volume.Spec.Capacity[corev1.ResourceStorage]
	if err := contents.Snap(volume.Spec.CSI.VolumeHandle, name); err != nil {
		return snapshotStatus{}, err
	}
	if err := c.Apply(ctx, SnapshotContents, content(name, s, class, volume)); err != nil {
		return snapshotStatus{}, err
	}
	object := c.Get(SnapshotContents, "", name)
	err = c.WriteStatus(ctx, SnapshotContents, object, map[string]any{
		"readyToUse": true, "snapshotHandle": name, "restoreSize": size.Value(), "creationTime": now.UnixNano() / int64(time.Second) * int64(time.Second),
	})
	return snapshotStatus{Content: name, Ready: true, Created: &now, Size: &size}, err
}

// snapshotContent is a VolumeSnapshotContent.
type snapshotContent struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		DeletionPolicy string `json:"deletionPolicy"`
		Driver         string `json:"driver"`
		Source         struct {
			Volume string `json:"volumeHandle"`
		} `json:"source"`
		Of struct {
			Namespace string    `json:"namespace"`
			Name      string    `json:"name"`
			UID       types.UID `json:"uid"`
		} `json:"volumeSnapshotRef"`
	} `json:"spec"`
}

// forget takes away what belongs to snapshots that are gone, where their class says so.
func forget(ctx context.Context, c *cluster.Cluster, contents *volumes.Contents) error {
	var errs []error
	for _, item := range cluster.Read[snapshotContent](c, SnapshotContents) {
		of := item.Typed.Spec.Of
		if s := c.Get(Snapshots, of.Namespace, of.Name); item.Typed.Spec.DeletionPolicy != "Delete" || s != nil && s.GetUID() == of.UID {
			continue
		}
		err := c.Delete(ctx, SnapshotContents, "", item.Typed.Name)
		if err == nil {
			err = contents.Drop(contents.Snapshot, item.Typed.Name)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// classOf is the class that the snapshot names, or the default one of the volume's driver.
func classOf(c *cluster.Cluster, s *snapshot, driver string) (*snapshotClass, error) {
	for _, item := range cluster.Read[snapshotClass](c, SnapshotClasses) {
		class := item.Typed
		switch {
		case s.Spec.ClassName == nil && class.Annotations[defaultClass] == "true" && class.Driver == driver:
			return class, nil
		case s.Spec.ClassName != nil && class.Name == *s.Spec.ClassName && class.Driver != driver:
			return nil, fmt.Errorf("class %s is of the driver %s, and the volume of %s", class.Name, class.Driver, driver)
		case s.Spec.ClassName != nil && class.Name == *s.Spec.ClassName:
			return class, nil
		}
	}
	if s.Spec.ClassName == nil {
		return nil, fmt.Errorf("cannot find default snapshot class for the driver %s", driver)
	}
	return nil, fmt.Errorf("failed to get input parameters to create snapshot %s: volumesnapshotclass.snapshot.storage.k8s.io %q not found", s.Name, *s.Spec.ClassName)
}

func content(name string, s *snapshot, class *snapshotClass, volume *corev1.PersistentVolume) map[string]any {
	return map[string]any{
		"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent",
		"metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"deletionPolicy": class.DeletionPolicy, "driver": class.Driver, "volumeSnapshotClassName": class.Name,
			"source": map[string]any{"volumeHandle": volume.Spec.CSI.VolumeHandle},
			"volumeSnapshotRef": map[string]any{
				"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
				"namespace": s.Namespace, "name": s.Name, "uid": string(s.UID),
			},
		},
	}
}
