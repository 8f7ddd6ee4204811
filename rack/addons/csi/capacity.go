package csi

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// capacities tell the scheduler where a local driver has room: on the nodes that have the pool of a class. The driver says
// of itself that it does so, and a claim that waits for its first pod waits for ever without.
func (d driver) capacities(ctx context.Context, c *cluster.Cluster, namespace string) error {
	if !d.local {
		return nil
	}
	var errs []error
	for _, item := range cluster.Read[storagev1.StorageClass](c, cluster.StorageClasses) {
		class := item.Typed
		if class.Provisioner != d.suffix {
			continue
		}
		for _, pool := range zfsPools(c, class) {
			errs = append(errs, c.Apply(ctx, cluster.Capacities, &storagev1.CSIStorageCapacity{
				TypeMeta:     metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "CSIStorageCapacity"},
				ObjectMeta:   metav1.ObjectMeta{Name: "csisc-" + class.Name + "-" + pool.node, Namespace: namespace},
				NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelHostname: pool.node}},

				StorageClassName: class.Name, Capacity: &pool.Free,
			}))
		}
	}
	return errors.Join(errs...)
}
