package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/home-ops/home-ops/rack/addons/volumes"
)

// markerName is what is written before a scenario and must outlive it: an object in etcd, another one that etcd has encrypted, a
// file on a volume of each storage class under a pod that is moved where its volume can be, and a file on each machine's EPHEMERAL
// partition.
const markerName = "rehearsal-marker"

// marks is what was written.
type marks struct {
	uid string
	// volumes are those of the classes; the first is of the default one.
	volumes []markedVolume
	// wiped are the machines that lose what is on them, by their addresses.
	wiped map[netip.Addr]bool
	// exchanged are the nodes that became other machines with blank disks: a volume that lies on one node goes with it.
	exchanged map[string]bool
}

// markedVolume is the volume of a class, and what was written on it.
type markedVolume struct {
	// set is the StatefulSet whose pod runs on it.
	set, class string
	// name is the volume's, handle the driver's, and node the only one that it can be on; empty for any.
	name, handle, node string
	text               string
}

// mark writes the markers, and returns once each pod runs on its volume.
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
		if err := os.WriteFile(m.marker(), []byte(markerText), 0o600); err != nil {
			return marks{}, fmt.Errorf("marker: %w", err)
		}
	}
	written := marks{uid: string(object.UID), wiped: map[netip.Addr]bool{}, exchanged: map[string]bool{}}
	if written.volumes, err = r.volumesToMark(ctx, c); err != nil {
		return marks{}, fmt.Errorf("marker: %w", err)
	}
	for i := range written.volumes {
		v := &written.volumes[i]
		if err := claimMarker(ctx, c, *v); err != nil {
			return marks{}, fmt.Errorf("marker: %w", err)
		}
		err := until(ctx, func(ctx context.Context) (err error) {
			v.name, v.handle, v.node, err = volumeUnder(ctx, c, v.set)
			return err
		})
		if err != nil {
			return marks{}, fmt.Errorf("marker of class %q: %w", v.class, err)
		}
		v.text = ownSecret()
		if err := volumes.Write(r.rack.volumes.Volume(v.handle), map[string][]byte{markerName: []byte(v.text)}, true); err != nil {
			return marks{}, fmt.Errorf("marker of class %q: %w", v.class, err)
		}
	}
	return written, nil
}

// volumesToMark are one of the default class, and one of each other that is to outlive the loss of a disk or lies on one node.
func (r *rehearsal) volumesToMark(ctx context.Context, c *cluster) ([]markedVolume, error) {
	list, err := c.client.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	all := []markedVolume{{set: markerName}}
	for _, class := range list.Items {
		// Buckets are claimed by another kind, and nobody promises anything of a single copy.
		if class.Name == r.stack.Storage.DefaultClass || strings.Contains(class.Provisioner, "bucket") || class.Parameters["numberOfReplicas"] == "1" {
			continue
		}
		all = append(all, markedVolume{set: markerName + "-" + class.Name, class: class.Name})
	}
	return all, nil
}

// marker is a file on the machine's EPHEMERAL partition, which an upgrade keeps and a reset wipes.
func (m *machine) marker() string { return filepath.Join(m.dir, "ephemeral", markerName) }

// claimMarker runs a pod on a volume of a class.
func claimMarker(ctx context.Context, c *cluster, v markedVolume) error {
	labels := map[string]string{"app": v.set}
	var class *string
	if v.class != "" {
		class = &v.class
	}
	_, err := c.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: v.set, Labels: map[string]string{writtenBy: markerName}},
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
					StorageClassName: class,
					AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
				},
			}},
		},
	}, metav1.CreateOptions{})
	return err
}

// volumeUnder is the volume that a marker's pod runs on.
func volumeUnder(ctx context.Context, c *cluster, name string) (volume, handle, node string, err error) {
	set, err := c.client.AppsV1().StatefulSets(metav1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", "", "", err
	}
	if set.Status.ReadyReplicas != 1 {
		return "", "", "", errors.New("the marker's pod is not ready")
	}
	claim, err := c.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault).Get(ctx, "volume-"+name+"-0", metav1.GetOptions{})
	if err != nil {
		return "", "", "", err
	}
	if claim.Status.Phase != corev1.ClaimBound {
		return "", "", "", fmt.Errorf("the marker's claim is %s", claim.Status.Phase)
	}
	v, err := c.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return "", "", "", err
	}
	if v.Spec.CSI == nil {
		return "", "", "", fmt.Errorf("the volume %s is of no driver", v.Name)
	}
	return v.Name, v.Spec.CSI.VolumeHandle, onlyNode(v), nil
}

// onlyNode is the one node on which a volume can be; empty for any.
func onlyNode(v *corev1.PersistentVolume) string {
	if v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
		return ""
	}
	for _, term := range v.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, e := range term.MatchExpressions {
			if e.Key == corev1.LabelHostname && len(e.Values) == 1 {
				return e.Values[0]
			}
		}
	}
	return ""
}

// stays is nil when the volume is the one that it was, with what was written on it.
func (v markedVolume) stays(ctx context.Context, r *rehearsal, c *cluster) error {
	name, handle, _, err := volumeUnder(ctx, c, v.set)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", v.set, err)
	case name != v.name:
		return fmt.Errorf("the marker's volume was %s and is %s", v.name, name)
	}
	files, err := volumes.Files(r.rack.volumes.Volume(handle))
	if err == nil && string(files[markerName]) != v.text {
		err = fmt.Errorf("the marker on it is %q, and was %q", files[markerName], v.text)
	}
	if err != nil {
		return fmt.Errorf("%s on %s: %w", v.set, v.name, err)
	}
	return nil
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
		if len(before.volumes) == 0 {
			errs = append(errs, errors.New("no volume was marked: nothing is shown"))
		}
		for _, v := range before.volumes {
			if v.node == "" || !before.exchanged[v.node] {
				errs = append(errs, v.stays(ctx, r, c))
			}
		}
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
			c.client.AppsV1().StatefulSets(metav1.NamespaceDefault).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: writtenBy}),
		)
	})
}
