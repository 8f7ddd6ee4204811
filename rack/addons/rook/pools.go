package rook

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// conditioned is the status of a kind that has conditions.
type conditioned struct {
	status     `json:",inline"`
	Conditions []condition `json:"conditions,omitempty"`
}

// blockPool, filesystem, subVolumeGroup and objectStore are what is made of pools.
type blockPool struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              pool        `json:"spec"`
	Status            conditioned `json:"status"`
}

type filesystem struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		MetadataPool   pool   `json:"metadataPool"`
		DataPools      []pool `json:"dataPools"`
		MetadataServer struct {
			ActiveCount   int  `json:"activeCount"`
			ActiveStandby bool `json:"activeStandby"`
		} `json:"metadataServer"`
	} `json:"spec"`
	Status conditioned `json:"status"`
}

type subVolumeGroup struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Name           string `json:"name"`
		FilesystemName string `json:"filesystemName"`
	} `json:"spec"`
	Status status `json:"status"`
}

type objectStore struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		MetadataPool pool `json:"metadataPool"`
		DataPool     pool `json:"dataPool"`
		Gateway      struct {
			Port      int `json:"port"`
			Instances int `json:"instances"`
		} `json:"gateway"`
	} `json:"spec"`
	Status conditioned `json:"status"`
}

func (p *pass) pools() error {
	var errs []error
	for _, item := range cluster.Read[blockPool](p.Cluster, BlockPools) {
		b := item.Typed
		if b.Spec.ErasureCoded.DataChunks > 0 {
			continue
		}
		b.Status.Info = map[string]string{"failureDomain": domain(b.Spec), "type": "Replicated"}
		b.Status.judge(b.Generation, p.waiting(b.Namespace), p.apart(b.Namespace, b.Spec))
		errs = append(errs, p.WriteStatus(p.ctx, BlockPools, item.Object, b.Status))
	}
	for _, item := range cluster.Read[filesystem](p.Cluster, Filesystems) {
		f := item.Typed
		count := max(f.Spec.MetadataServer.ActiveCount, 1)
		if f.Spec.MetadataServer.ActiveStandby {
			count *= 2
		}
		err := p.apart(f.Namespace, append(f.Spec.DataPools, f.Spec.MetadataPool)...)
		waiting := p.waiting(f.Namespace)
		if waiting == "" && err == nil {
			waiting = p.serve(owner{kind: "CephFilesystem", name: f.Name, uid: string(f.UID), cluster: p.of(f.Namespace)}, "mds", count, f.Status.Phase)
		}
		f.Status.judge(f.Generation, waiting, err)
		errs = append(errs, p.WriteStatus(p.ctx, Filesystems, item.Object, f.Status))
	}
	for _, item := range cluster.Read[objectStore](p.Cluster, ObjectStores) {
		o := item.Typed
		err := p.apart(o.Namespace, o.Spec.DataPool, o.Spec.MetadataPool)
		waiting := p.waiting(o.Namespace)
		if waiting == "" && err == nil {
			waiting = p.serve(owner{kind: "CephObjectStore", name: o.Name, uid: string(o.UID), cluster: p.of(o.Namespace)}, "rgw", max(o.Spec.Gateway.Instances, 1), o.Status.Phase)
		}
		o.Status.Info = map[string]string{"endpoint": fmt.Sprintf("http://rook-ceph-rgw-%s.%s.svc:%d", o.Name, o.Namespace, cmp.Or(o.Spec.Gateway.Port, 80))}
		o.Status.judge(o.Generation, waiting, err)
		errs = append(errs, p.WriteStatus(p.ctx, ObjectStores, item.Object, o.Status))
	}
	for _, item := range cluster.Read[subVolumeGroup](p.Cluster, SubVolumeGroups) {
		errs = append(errs, p.subVolumes(item))
	}
	return errors.Join(errs...)
}

// subVolumes is ready once its file system is.
func (p *pass) subVolumes(item cluster.Item[subVolumeGroup]) error {
	g := item.Typed
	g.Status.Phase = Progressing
	if f := cluster.Find[filesystem](p.Cluster, Filesystems, g.Namespace, g.Spec.FilesystemName); f != nil && f.Status.Phase == Ready {
		g.Status.Phase = Ready
		g.Status.Info = map[string]string{"clusterID": g.Namespace, "filesystem": g.Spec.FilesystemName, "name": cmp.Or(g.Spec.Name, g.Name)}
	}
	g.Status.ObservedGeneration = g.Generation
	return p.WriteStatus(p.ctx, SubVolumeGroups, item.Object, g.Status)
}

// judge is Ready, unless something is waited for or wrong.
func (s *conditioned) judge(generation int64, waiting string, err error) {
	reason, message := "ReconcileSucceeded", ""
	s.Phase = Ready
	switch {
	case waiting != "":
		s.Phase, reason, message = Progressing, "ReconcileStarted", waiting
	case err != nil:
		s.Phase, reason, message = Failure, "ReconcileFailed", oneLine(err)
	}
	s.ObservedGeneration = generation
	s.Conditions = setCondition(s.Conditions, s.Phase, reason, message)
}

// serve runs the daemons of a file system or object store, and returns what it waits for until they ran once.
func (p *pass) serve(o owner, kind string, count int, phase string) string {
	var wanted []daemon
	for i := range count {
		wanted = append(wanted, daemon{kind: kind, id: o.name + "-" + letter(i)})
	}
	down, _, err := p.run(o, wanted)
	if err != nil {
		return err.Error()
	}
	if len(down) > 0 && phase != Ready {
		return "waiting for " + strings.Join(down, ", ")
	}
	return ""
}

// waiting is what a pool waits for; empty when Ceph runs.
func (p *pass) waiting(namespace string) string {
	if c := p.of(namespace); c == nil || !p.ready[namespace] {
		return "the CephCluster is not ready"
	}
	return ""
}

func (p *pass) of(namespace string) *cephCluster { return p.clusters[namespace] }

// apart is an error if the copies of one of the pools cannot be kept apart: there are too few hosts, or disks, with an OSD.
func (p *pass) apart(namespace string, pools ...pool) error {
	hosts, disks := map[string]bool{}, 0
	selector := labels.SelectorFromSet(labels.Set{"app": "rook-ceph-osd"})
	for _, item := range cluster.Read[appsv1.Deployment](p.Cluster, cluster.Deployments) {
		if item.Typed.Namespace == namespace && selector.Matches(labels.Set(item.Typed.Labels)) {
			hosts[item.Typed.Spec.Template.Spec.NodeSelector[corev1.LabelHostname]] = true
			disks++
		}
	}
	var errs []error
	for _, one := range pools {
		have := map[string]int{"host": len(hosts), "osd": disks}[domain(one)]
		if size := one.Replicated.Size; size > have {
			errs = append(errs, fmt.Errorf("%d copies on different %ss need %d of them with a disk of Ceph, and there are %d", size, domain(one), size, have))
		}
	}
	return errors.Join(errs...)
}

func domain(p pool) string { return cmp.Or(p.FailureDomain, "host") }
