package volsync

import (
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/csi"
)

// mover moves the data of one object.
type mover struct {
	*pass
	*replication
	source bool
}

// name is that of an object on the way: volsync-src-APP.
func (m *mover) name(format string) string {
	dir := "dst"
	if m.source {
		dir = "src"
	}
	return fmt.Sprintf(format, dir, m.Name)
}

// owned is the metadata of an object that goes with this one; temporary ones go when the data is moved.
func (m *mover) owned(name string, temporary bool) metav1.ObjectMeta {
	kind := "ReplicationDestination"
	if m.source {
		kind = "ReplicationSource"
	}
	yes := true
	o := metav1.ObjectMeta{
		Name: name, Namespace: m.Namespace, Labels: map[string]string{createdByLabel: "volsync"},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: group + "/v1alpha1", Kind: kind, Name: m.Name, UID: m.UID, Controller: &yes, BlockOwnerDeletion: &yes,
		}},
	}
	if temporary {
		o.Labels[cleanupLabel] = string(m.UID)
	}
	return o
}

// ensure makes an object that is not there, and returns the one that is. One that is being deleted is none yet.
func (m *mover) ensure(kind cluster.Kind, name string, object any) (*unstructured.Unstructured, error) {
	have := m.Get(kind, m.Namespace, name)
	if have == nil {
		return m.Get(kind, m.Namespace, name), m.Apply(m.ctx, kind, object)
	}
	if have.GetDeletionTimestamp() != nil {
		return nil, nil
	}
	return have, nil
}

// synchronize brings the data one step further.
func (m *mover) synchronize() (image *corev1.TypedLocalObjectReference, done bool, err error) {
	claim, err := m.data()
	if claim == nil || err != nil {
		return nil, false, err
	}
	cache := m.claim(m.name("volsync-%s-%s-cache"), false, resource.MustParse("1Gi"), claim.Spec.AccessModes)
	if m.Spec.Restic.CacheCapacity != nil {
		cache.Spec.Resources.Requests[corev1.ResourceStorage] = *m.Spec.Restic.CacheCapacity
	}
	if m.Spec.Restic.CacheStorageClass != nil {
		cache.Spec.StorageClassName = m.Spec.Restic.CacheStorageClass
	}
	if made, err := m.ensure(cluster.Claims, cache.Name, cache); made == nil || err != nil {
		return nil, false, err
	}
	account := &corev1.ServiceAccount{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: m.owned(m.name("volsync-%s-%s"), false)}
	if made, err := m.ensure(accounts, account.Name, account); made == nil || err != nil {
		return nil, false, err
	}
	address, password, err := m.repositoryOf()
	if err != nil {
		return nil, false, err
	}
	if m.now.Before(m.waiting[m.UID]) {
		return nil, false, nil
	}
	ran, err := m.job(claim.Name, cache.Name, account.Name)
	if err != nil || ran == "" {
		return nil, false, err
	}
	// Then its image alone is missing.
	if m.moves[m.UID] != ran {
		logs, err := m.move(claim, address, password)
		if err != nil {
			m.Status.LatestMoverStatus = &moverStatus{failed, logs}
			m.waiting[m.UID] = m.now.Add(again)
			return nil, false, m.Delete(m.ctx, jobs, m.Namespace, m.name("volsync-%s-%s"))
		}
		m.Status.LatestMoverStatus = &moverStatus{successful, logs}
		m.moves[m.UID] = ran
	}
	if m.source {
		return nil, true, nil
	}
	image, err = m.image(claim)
	return image, image != nil, err
}

// data is the volume that is read or written: on the source a volume of a snapshot, so that its app may go on writing.
func (m *mover) data() (*corev1.PersistentVolumeClaim, error) {
	if m.Spec.Restic.CopyMethod != "Snapshot" {
		return nil, fmt.Errorf("the rack plays the copy method Snapshot alone, not %s", m.Spec.Restic.CopyMethod)
	}
	if !m.source {
		if m.Spec.Restic.Capacity == nil || len(m.Spec.Restic.AccessModes) == 0 {
			return nil, errors.New("capacity and accessModes must be provided when destinationPVC is not")
		}
		name := "volsync-" + m.Name + "-dest"
		return m.claimed(m.claim(name, false, *m.Spec.Restic.Capacity, m.Spec.Restic.AccessModes))
	}
	of := cluster.Find[corev1.PersistentVolumeClaim](m.Cluster, cluster.Claims, m.Namespace, m.Spec.SourcePVC)
	if of == nil {
		return nil, fmt.Errorf("persistentvolumeclaims %q not found", m.Spec.SourcePVC)
	}
	name := "volsync-" + m.Name + "-src"
	snapshot, err := m.snapshot(name, of.Name, true)
	if snapshot == nil || err != nil {
		return nil, err
	}
	if ready, _, _ := unstructured.NestedBool(snapshot.Object, "status", "readyToUse"); !ready {
		return nil, nil
	}
	modes := m.Spec.Restic.AccessModes
	if len(modes) == 0 {
		modes = of.Spec.AccessModes
	}
	copied := m.claim(name, true, of.Spec.Resources.Requests[corev1.ResourceStorage], modes)
	if m.Spec.Restic.Capacity != nil {
		copied.Spec.Resources.Requests[corev1.ResourceStorage] = *m.Spec.Restic.Capacity
	}
	if copied.Spec.StorageClassName == nil {
		copied.Spec.StorageClassName = of.Spec.StorageClassName
	}
	api := csi.Snapshots.Group
	copied.Spec.DataSource = &corev1.TypedLocalObjectReference{APIGroup: &api, Kind: "VolumeSnapshot", Name: name}
	return m.claimed(copied)
}

// claim is a claim of this object's class.
func (m *mover) claim(name string, temporary bool, size resource.Quantity, modes []corev1.PersistentVolumeAccessMode) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}, ObjectMeta: m.owned(name, temporary),
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: modes, StorageClassName: m.Spec.Restic.StorageClass,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		},
	}
}

// claimed is the claim as it is in the cluster; nil until it is.
func (m *mover) claimed(want *corev1.PersistentVolumeClaim) (*corev1.PersistentVolumeClaim, error) {
	have, err := m.ensure(cluster.Claims, want.Name, want)
	if have == nil || err != nil {
		return nil, err
	}
	return cluster.As[corev1.PersistentVolumeClaim](have)
}

// snapshot is a snapshot of a claim; nil until it is there.
func (m *mover) snapshot(name, claim string, temporary bool) (*unstructured.Unstructured, error) {
	return m.ensure(csi.Snapshots, name, map[string]any{
		"apiVersion": csi.Snapshots.Group + "/v1", "kind": "VolumeSnapshot", "metadata": m.owned(name, temporary),
		"spec": map[string]any{"source": map[string]any{"persistentVolumeClaimName": claim}, "volumeSnapshotClassName": m.Spec.Restic.SnapshotClass},
	})
}

// image keeps what was fetched as a snapshot, which has another name each time.
func (m *mover) image(claim *corev1.PersistentVolumeClaim) (*corev1.TypedLocalObjectReference, error) {
	name := claim.Name + "-" + m.Status.LastSyncStartTime.UTC().Format("20060102150405")
	snapshot, err := m.snapshot(name, claim.Name, false)
	if snapshot == nil || err != nil {
		return nil, err
	}
	if bound, _, _ := unstructured.NestedString(snapshot.Object, "status", "boundVolumeSnapshotContentName"); bound == "" {
		return nil, nil
	}
	api := csi.Snapshots.Group
	return &corev1.TypedLocalObjectReference{APIGroup: &api, Kind: "VolumeSnapshot", Name: name}, nil
}

// image of the copier, whose container the rack does not run.
const moverImage = "quay.io/backube/volsync:0.15.0"

// job runs the copier's pod, and returns the Job when it has ended.
func (m *mover) job(data, cache, account string) (types.UID, error) {
	no, yes, tries := false, true, int32(8)
	name := m.name("volsync-%s-%s")
	action := "restore"
	if m.source {
		action = "backup"
	}
	volume := func(name, claim string) corev1.Volume {
		return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}
	}
	from := func(key string) corev1.EnvVar {
		return corev1.EnvVar{Name: key, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: m.Spec.Restic.Repository}, Key: key,
		}}}
	}
	want := &batchv1.Job{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, ObjectMeta: m.owned(name, true)}
	want.Spec.BackoffLimit = &tries
	want.Spec.Template = corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{createdByLabel: "volsync"}},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, ServiceAccountName: account, SecurityContext: m.Spec.Restic.Security,
			Volumes: []corev1.Volume{
				volume("data", data), volume("cache", cache),
				{Name: "tempdir", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
			},
			Containers: []corev1.Container{{
				Name: "restic", Image: moverImage, Command: []string{"/mover-restic/entry.sh"}, Args: []string{action},
				Env: []corev1.EnvVar{from("RESTIC_REPOSITORY"), from("RESTIC_PASSWORD")},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: &no, Privileged: &no, ReadOnlyRootFilesystem: &yes,
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
				VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}, {Name: "cache", MountPath: "/cache"}, {Name: "tempdir", MountPath: "/tmp"}},
			}},
		},
	}
	have, err := m.ensure(jobs, name, want)
	if have == nil || err != nil {
		return "", err
	}
	if ended, _, err := unstructured.NestedInt64(have.Object, "status", "succeeded"); err != nil || ended == 0 {
		return "", err
	}
	return have.GetUID(), nil
}

// cleanup takes away what was there for one synchronization, and reports whether nothing of it is left.
func (m *mover) cleanup() (bool, error) {
	var errs []error
	left := 0
	for _, kind := range []cluster.Kind{jobs, cluster.Claims, csi.Snapshots} {
		for _, object := range m.List(kind) {
			if object.GetNamespace() != m.Namespace || object.GetLabels()[cleanupLabel] != string(m.UID) {
				continue
			}
			left++
			if object.GetDeletionTimestamp() == nil {
				errs = append(errs, m.Delete(m.ctx, kind, m.Namespace, object.GetName()))
			}
		}
	}
	return left == 0, errors.Join(errs...)
}
