package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// markerName is what is written before a scenario and must outlive it: an object in etcd, another one that etcd has encrypted, a
// volume under a pod that is moved, and a file on each machine's EPHEMERAL partition.
const markerName = "rehearsal-marker"

// marks is what was written.
type marks struct {
	uid, volume string
	// wiped are the machines that lose what is on them, by their addresses.
	wiped map[netip.Addr]bool
}

// mark writes the markers, and returns once the pod runs on its volume.
func (r *rehearsal) mark(ctx context.Context, c *cluster) (marks, error) {
	object, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: markerName}, Data: map[string]string{"written": "before"},
	}, metav1.CreateOptions{})
	if err != nil {
		return marks{}, fmt.Errorf("marker: %w", err)
	}
	_, err = c.client.CoreV1().Secrets(metav1.NamespaceDefault).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: markerName}, Data: map[string][]byte{"written": []byte("before")},
	}, metav1.CreateOptions{})
	if err != nil {
		return marks{}, fmt.Errorf("marker: %w", err)
	}
	for _, m := range r.rack.nodes {
		if err := os.WriteFile(m.marker(), []byte("before"), 0o600); err != nil {
			return marks{}, fmt.Errorf("marker: %w", err)
		}
	}
	if err := claimMarker(ctx, c); err != nil {
		return marks{}, fmt.Errorf("marker: %w", err)
	}
	written := marks{uid: string(object.UID), wiped: map[netip.Addr]bool{}}
	err = until(ctx, func(ctx context.Context) (err error) {
		written.volume, err = markedVolume(ctx, c)
		return err
	})
	return written, err
}

// marker is a file on the machine's EPHEMERAL partition, which an upgrade keeps and a reset wipes.
func (m *machine) marker() string { return filepath.Join(m.dir, "ephemeral", markerName) }

// claimMarker runs a pod on a volume of the default class.
func claimMarker(ctx context.Context, c *cluster) error {
	labels := map[string]string{"app": markerName}
	_, err := c.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: markerName},
		Spec: appsv1.StatefulSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
				WhenScaled:  appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "marker", Image: "registry.k8s.io/pause:3.10",
					VolumeMounts: []corev1.VolumeMount{{Name: "volume", MountPath: "/volume"}},
				}}},
			},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "volume"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
				},
			}},
		},
	}, metav1.CreateOptions{})
	return err
}

// markedVolume is the volume that the marker's pod runs on.
func markedVolume(ctx context.Context, c *cluster) (string, error) {
	set, err := c.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Get(ctx, markerName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if set.Status.ReadyReplicas != 1 {
		return "", errors.New("the marker's pod is not ready")
	}
	claim, err := c.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault).Get(ctx, "volume-"+markerName+"-0", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if claim.Status.Phase != corev1.ClaimBound {
		return "", fmt.Errorf("the marker's claim is %s", claim.Status.Phase)
	}
	return claim.Spec.VolumeName, nil
}

// marked is nil when everything that was written is still there, but for what was on the machines that were wiped.
func (r *rehearsal) marked(ctx context.Context, c *cluster, before marks) error {
	return until(ctx, func(ctx context.Context) error {
		object, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, markerName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		var errs []error
		if object.Data["written"] != "before" || string(object.UID) != before.uid {
			errs = append(errs, fmt.Errorf("the marker in etcd is another: %v", object.Data))
		}
		// An API server with another key answers with an error.
		secret, err := c.client.CoreV1().Secrets(metav1.NamespaceDefault).Get(ctx, markerName, metav1.GetOptions{})
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("the encrypted marker in etcd: %w", err))
		case string(secret.Data["written"]) != "before":
			errs = append(errs, errors.New("the encrypted marker in etcd is another"))
		}
		volume, err := markedVolume(ctx, c)
		if err == nil && volume != before.volume {
			err = fmt.Errorf("the marker's volume was %s and is %s", before.volume, volume)
		}
		errs = append(errs, err)
		for _, m := range r.rack.nodes {
			_, err := os.Stat(m.marker())
			switch gone := err != nil; {
			case gone && !before.wiped[m.spec.Address]:
				errs = append(errs, fmt.Errorf("EPHEMERAL of %s was wiped: %w", m.spec.Name, err))
			case !gone && before.wiped[m.spec.Address]:
				errs = append(errs, fmt.Errorf("EPHEMERAL of %s was not wiped", m.spec.Name))
			}
		}
		return errors.Join(errs...)
	})
}

// unmark takes away what a scenario wrote, so that what is checked afterwards is the cluster alone. An API server breaks a request off
// that deletes thousands of objects; the next one goes on where it ended.
func unmark(ctx context.Context, c *cluster) error {
	maps := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault)
	return within(ctx, comesBack, func(ctx context.Context) error {
		return errors.Join(
			maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: writtenBy}),
			client.IgnoreNotFound(maps.Delete(ctx, markerName, metav1.DeleteOptions{})),
			client.IgnoreNotFound(c.client.CoreV1().Secrets(metav1.NamespaceDefault).Delete(ctx, markerName, metav1.DeleteOptions{})),
			client.IgnoreNotFound(c.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Delete(ctx, markerName, metav1.DeleteOptions{})),
		)
	})
}
