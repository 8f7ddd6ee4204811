package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const (
	// leaseDuration and leaseRenewal are a kubelet's: the node lifecycle controller looks at the renewals.
	leaseDuration = 40
	leaseRenewal  = 10 * time.Second
)

// register creates the Node. One that is there from before stays, and gets this boot's labels of the kubelet.
func (k *Kubelet) register(ctx context.Context, client kubernetes.Interface) error {
	object := k.current().Object()
	object.Status = withTimes(object.Status, nil, metav1.Now())
	_, err := client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": object.Labels}})
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().Patch(ctx, k.name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	return err
}

// heartbeat renews the node's lease and reports its status, when that changed or someone else changed it.
func (k *Kubelet) heartbeat(ctx context.Context, client kubernetes.Interface) {
	for {
		err := k.renewLease(ctx, client)
		if err == nil {
			err = k.reportStatus(ctx, client)
		}
		k.report("heartbeat", err)
		wait := leaseRenewal
		if err != nil {
			wait = retryPause
		}
		select {
		case <-ctx.Done():
			return
		case <-k.poke:
		case <-time.After(wait):
		}
	}
}

func (k *Kubelet) renewLease(ctx context.Context, client kubernetes.Interface) error {
	leases, duration := client.CoordinationV1().Leases(corev1.NamespaceNodeLease), int32(leaseDuration)
	lease, err := leases.Get(ctx, k.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		now := metav1.NowMicro()
		_, err = leases.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: k.name, Namespace: corev1.NamespaceNodeLease},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &k.name, LeaseDurationSeconds: &duration, RenewTime: &now},
		}, metav1.CreateOptions{})
	case err == nil:
		now := metav1.NowMicro()
		lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds, lease.Spec.RenewTime = &k.name, &duration, &now
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	return nil
}

func (k *Kubelet) reportStatus(ctx context.Context, client kubernetes.Interface) error {
	node, err := client.CoreV1().Nodes().Get(ctx, k.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	k.sandboxes.setPodCIDRs(node.Spec.PodCIDRs)
	status := withTimes(k.current().Status(k.network.configured()), node.Status.Conditions, metav1.Now())
	if !statusChanged(node.Status, status) {
		return nil
	}
	// Not a patch: merged by their type, two internal addresses would become one.
	mergeStatus(&node.Status, status)
	_, err = client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}

// mergeStatus puts what the kubelet reports into what the API has, and leaves the conditions of others.
func mergeStatus(have *corev1.NodeStatus, want corev1.NodeStatus) {
	conditions := want.Conditions
	for _, old := range have.Conditions {
		if !slices.ContainsFunc(want.Conditions, func(c corev1.NodeCondition) bool { return c.Type == old.Type }) {
			conditions = append(conditions, old)
		}
	}
	have.Conditions, have.Addresses, have.NodeInfo, have.DaemonEndpoints = conditions, want.Addresses, want.NodeInfo, want.DaemonEndpoints
	have.Capacity, have.Allocatable = want.Capacity, want.Allocatable
}

// statusChanged compares what the kubelet reports with what the API has. Conditions of others, as NetworkUnavailable is
// a CNI's, are none of its business.
func statusChanged(have, want corev1.NodeStatus) bool {
	byType := map[corev1.NodeConditionType]corev1.NodeCondition{}
	for _, condition := range have.Conditions {
		byType[condition.Type] = condition
	}
	for _, condition := range want.Conditions {
		old, ok := byType[condition.Type]
		if !ok || old.Status != condition.Status || old.Reason != condition.Reason {
			return true
		}
	}
	return have.NodeInfo != want.NodeInfo ||
		!equality.Semantic.DeepEqual(have.Addresses, want.Addresses) ||
		!equality.Semantic.DeepEqual(have.Capacity, want.Capacity) ||
		!equality.Semantic.DeepEqual(have.Allocatable, want.Allocatable)
}

// applyTalosConfig keeps the labels, annotations and taints of the machine config on the node.
func (k *Kubelet) applyTalosConfig(ctx context.Context, client kubernetes.Interface) {
	if k.talos != nil {
		config, err := k.talos()
		if err != nil {
			k.log.Warn("identity of Talos", "problem", err)
			return
		}
		if own, err := kubernetes.NewForConfig(config); err == nil {
			client = own
		}
	}
	complaint := complaint{what: "labels and taints of the machine config"}
	for {
		err := k.applyTalosOnce(ctx, client)
		if !apierrors.IsConflict(err) { // someone else changed the node meanwhile; the next attempt sees that
			complaint.say(ctx, k.log, err)
		}
		wait := leaseRenewal
		if err != nil {
			wait = retryPause
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

func (k *Kubelet) applyTalosOnce(ctx context.Context, client kubernetes.Interface) error {
	node, err := client.CoreV1().Nodes().Get(ctx, k.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	wanted := node.DeepCopy()
	if err := k.current().applyTalos(wanted); err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(node, wanted) {
		return nil
	}
	_, err = client.CoreV1().Nodes().Update(ctx, wanted, metav1.UpdateOptions{})
	return err
}
