package csi

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// poolSize is what every pool of a local driver has free: more than anybody asks for here.
const poolSize = "1Ti"

// capacities tell the scheduler where a local driver has room. The driver says of itself that it does so, and a claim that waits for
// its first pod waits for ever without. There is room for a class where the class allows it.
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
		room := resource.MustParse(poolSize)
		errs = append(errs, c.Apply(ctx, cluster.Capacities, &storagev1.CSIStorageCapacity{
			TypeMeta:     metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "CSIStorageCapacity"},
			ObjectMeta:   metav1.ObjectMeta{Name: "csisc-" + class.Name, Namespace: namespace},
			NodeTopology: topology(class), StorageClassName: class.Name, Capacity: &room,
		}))
	}
	return errors.Join(errs...)
}

// topology is where the class may be used; everywhere, if it does not say.
func topology(class *storagev1.StorageClass) *metav1.LabelSelector {
	selector := &metav1.LabelSelector{}
	for _, term := range class.AllowedTopologies {
		for _, e := range term.MatchLabelExpressions {
			selector.MatchExpressions = append(selector.MatchExpressions,
				metav1.LabelSelectorRequirement{Key: e.Key, Operator: metav1.LabelSelectorOpIn, Values: e.Values})
		}
	}
	return selector
}
