package longhorn

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

const (
	// bootNote and sinceNote are the annotations of a replica that say in which boot of its node it was last whole or began to
	// be rebuilt, and when it began.
	bootNote  = "rack.home-ops/boot"
	sinceNote = "rack.home-ops/rebuilt-since"
	// defaultReplicas is how many there are where the class does not say
	// (https://longhorn.io/docs/latest/references/settings/#default-replica-count).
	defaultReplicas = 3
)

// volumes keeps a volume for each persistent volume of the driver, and none beside them.
func (p *pass) volumes() error {
	var errs []error
	wanted := map[string]bool{}
	for _, item := range cluster.Read[corev1.PersistentVolume](p.Cluster, cluster.Volumes) {
		v := item.Typed
		if v.Spec.CSI == nil || v.Spec.CSI.Driver != driver {
			continue
		}
		wanted[v.Spec.CSI.VolumeHandle] = true
		errs = append(errs, p.volume(v))
	}
	for _, item := range cluster.Read[replicaObject](p.Cluster, Replicas) {
		if !wanted[item.Typed.Spec.VolumeName] {
			errs = append(errs, p.Delete(p.ctx, Replicas, item.Typed.Namespace, item.Typed.Name))
		}
	}
	for _, object := range p.List(Volumes) {
		if !wanted[object.GetName()] {
			errs = append(errs, p.Delete(p.ctx, Volumes, object.GetNamespace(), object.GetName()))
		}
	}
	return errors.Join(errs...)
}

// volume plays one volume: where it is attached, and how its replicas are.
func (p *pass) volume(pv *corev1.PersistentVolume) error {
	// Longhorn writes sizes as texts.
	size := strconv.FormatInt(pv.Spec.Capacity.Storage().Value(), 10)
	c := copies{volume: pv.Spec.CSI.VolumeHandle, wanted: p.replicasOf(pv)}
	for _, item := range cluster.Read[replicaObject](p.Cluster, Replicas) {
		if r := item.Typed; r.Spec.VolumeName == c.volume {
			c.replicas = append(c.replicas, replica{
				name: r.Name, node: r.Spec.NodeID, disk: r.Spec.DiskID, boot: r.Annotations[bootNote],
				failed: moment(r.Spec.FailedAt), since: moment(r.Annotations[sinceNote]),
			})
		}
	}
	before := slices.Clone(c.replicas)
	on := p.attachedTo(pv.Spec.ClaimRef)
	// The engine runs where the volume is attached. Without it nothing is written.
	c.attached = p.serving[on] != nil
	c.look(p.now, p.hosts)
	var errs []error
	for _, r := range before {
		if !slices.ContainsFunc(c.replicas, func(now replica) bool { return now.name == r.name }) {
			errs = append(errs, p.Delete(p.ctx, Replicas, p.namespace, r.name))
		}
	}
	for _, r := range c.replicas {
		errs = append(errs, p.replica(c, r, size))
	}
	return errors.Join(append(errs, p.write(pv, c, on, size))...)
}

// write says how the volume is.
func (p *pass) write(pv *corev1.PersistentVolume, c copies, on string, size string) error {
	v := volume{Spec: volumeSpec{
		Size: size, Frontend: "blockdev", AccessMode: "rwo", DataEngine: "v1", NumberOfReplicas: c.wanted, NodeID: on,
	}}
	if slices.Contains(pv.Spec.AccessModes, corev1.ReadWriteMany) {
		v.Spec.AccessMode = "rwx"
	}
	v.APIVersion, v.Kind, v.Name, v.Namespace = apiVersion, "Volume", c.volume, p.namespace
	if err := p.Apply(p.ctx, Volumes, v); err != nil {
		return err
	}
	object := p.Get(Volumes, p.namespace, c.volume)
	if object == nil {
		return nil
	}
	was, err := cluster.As[struct {
		Status volumeStatus `json:"status"`
	}](object)
	if err != nil {
		return err
	}
	s := volumeStatus{
		State: Detached, Robustness: c.robustness(p.hosts), CurrentNodeID: on, LastDegradedAt: was.Status.LastDegradedAt,
		KubernetesStatus: kubernetesStatus{PVName: pv.Name, PVStatus: string(pv.Status.Phase)},
	}
	if on != "" {
		s.State = Attached
	}
	if claim := pv.Spec.ClaimRef; claim != nil {
		s.KubernetesStatus.Namespace, s.KubernetesStatus.PVCName = claim.Namespace, claim.Name
	}
	if s.Robustness == Degraded && was.Status.Robustness != Degraded {
		s.LastDegradedAt = stamp(p.now)
	}
	return p.WriteStatus(p.ctx, Volumes, object, s)
}

// replica says how a replica is.
func (p *pass) replica(c copies, r replica, size string) error {
	o := replicaObject{Spec: replicaSpec{
		VolumeName: c.volume, VolumeSize: size, NodeID: r.node, DiskID: r.disk, DataEngine: "v1", Active: true, FailedAt: stamp(r.failed),
	}}
	o.APIVersion, o.Kind, o.Name, o.Namespace = apiVersion, "Replica", r.name, p.namespace
	o.Labels = map[string]string{volumeLabel: c.volume, "longhornnode": r.node, diskUUIDLabel: r.disk}
	o.Annotations = map[string]string{bootNote: r.boot}
	if !r.since.IsZero() {
		o.Annotations[sinceNote] = stamp(r.since)
	}
	if was := cluster.Find[replicaObject](p.Cluster, Replicas, p.namespace, r.name); r.whole() {
		o.Spec.HealthyAt = stamp(p.now)
		if was != nil {
			o.Spec.HealthyAt = cmp.Or(was.Spec.HealthyAt, o.Spec.HealthyAt)
		}
	}
	if err := p.Apply(p.ctx, Replicas, o); err != nil {
		return err
	}
	object := p.Get(Replicas, p.namespace, r.name)
	if object == nil {
		return nil
	}
	s := replicaStatus{CurrentState: "stopped"}
	if c.attached && r.running(p.hosts) != "" {
		s = replicaStatus{CurrentState: "running", Started: true}
	}
	return p.WriteStatus(p.ctx, Replicas, object, s)
}

// attachedTo is the node of the pod that uses the claim; empty when none does.
func (p *pass) attachedTo(claim *corev1.ObjectReference) string {
	if claim == nil {
		return ""
	}
	for _, item := range cluster.Read[corev1.Pod](p.Cluster, cluster.Pods) {
		pod := item.Typed
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if pod.Namespace != claim.Namespace || pod.Spec.NodeName == "" || ended {
			continue
		}
		for _, v := range pod.Spec.Volumes {
			if v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name {
				return pod.Spec.NodeName
			}
		}
	}
	return ""
}

// replicasOf is how many replicas the class of a persistent volume wants.
func (p *pass) replicasOf(pv *corev1.PersistentVolume) int {
	class := cluster.Find[storagev1.StorageClass](p.Cluster, cluster.StorageClasses, "", pv.Spec.StorageClassName)
	if class == nil {
		return defaultReplicas
	}
	count, err := strconv.Atoi(class.Parameters["numberOfReplicas"])
	if err != nil || count < 1 {
		return defaultReplicas
	}
	return count
}
