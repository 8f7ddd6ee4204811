package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

var cephClusters = schema.GroupVersionResource{Group: "ceph.rook.io", Version: "v1", Resource: "cephclusters"}

// checkCeph looks whether Ceph runs on the disks that the stack file names, and on no other.
func (r *rehearsal) checkCeph(ctx context.Context, c *cluster) (string, error) {
	if r.stack.Storage.RookCeph == nil {
		return "", skipped("the stack has none")
	}
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	list, err := client.Resource(cephClusters).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	if len(list.Items) != 1 {
		return "", fmt.Errorf("%d CephClusters", len(list.Items))
	}
	phase, _, _ := unstructured.NestedString(list.Items[0].Object, "status", "phase")
	message, _, _ := unstructured.NestedString(list.Items[0].Object, "status", "message")
	if phase != "Ready" {
		return "", fmt.Errorf("phase %s: %s", phase, message)
	}
	want := 0
	for _, n := range r.stack.Storage.RookCeph.Nodes {
		want += len(n.Disks) + len(n.Matching)
	}
	disks, err := c.client.AppsV1().Deployments(list.Items[0].GetNamespace()).List(ctx, metav1.ListOptions{LabelSelector: "app=rook-ceph-osd"})
	if err != nil {
		return "", err
	}
	if len(disks.Items) != want {
		return "", fmt.Errorf("%d OSDs for %d disks", len(disks.Items), want)
	}
	var errs []error
	for _, d := range disks.Items {
		if d.Status.ReadyReplicas == 0 {
			errs = append(errs, fmt.Errorf("%s does not run", d.Name))
		}
	}
	return fmt.Sprintf("%d OSDs, one for each disk", want), errors.Join(append(errs, r.onNamedDisks(r.cephSelects, isOSD)...)...)
}

// checkClaims asks each storage class for a volume.
func (r *rehearsal) checkClaims(ctx context.Context, c *cluster) (string, error) {
	classes, err := c.client.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	var bound []string
	errs := r.compareClasses(classes.Items)
	for _, class := range classes.Items {
		// Buckets are claimed by another kind.
		if strings.Contains(class.Provisioner, "bucket") {
			continue
		}
		if err := r.claim(ctx, c, class.Name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", class.Name, err))
			continue
		}
		bound = append(bound, class.Name)
	}
	slices.Sort(bound)
	return strings.Join(bound, ", "), errors.Join(errs...)
}

// compareClasses wants the classes of the stack file, and its default one, to be there.
func (r *rehearsal) compareClasses(classes []storagev1.StorageClass) []error {
	var errs []error
	var names, defaults []string
	for _, class := range classes {
		names = append(names, class.Name)
		if class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
			defaults = append(defaults, class.Name)
		}
	}
	for _, want := range r.stack.Storage.Classes() {
		if !slices.Contains(names, want) {
			errs = append(errs, fmt.Errorf("there is no class %s", want))
		}
	}
	if want := r.stack.Storage.DefaultClass; want != "" && !slices.Equal(defaults, []string{want}) {
		errs = append(errs, fmt.Errorf("the default classes are %v, not %s alone", defaults, want))
	}
	return errs
}

func (r *rehearsal) claim(ctx context.Context, c *cluster, class string) error {
	claims := c.client.CoreV1().PersistentVolumeClaims("default")
	claim, err := claims.Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "claim-"},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = claims.Delete(context.WithoutCancel(ctx), claim.Name, metav1.DeleteOptions{}) }()
	// A volume that lies on one node is made where its first pod goes.
	pods := c.client.CoreV1().Pods(claim.Namespace)
	pod, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "consumer-"},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "consumer", Image: "registry.k8s.io/pause:3.10",
				VolumeMounts: []corev1.VolumeMount{{Name: "volume", MountPath: "/volume"}},
			}},
			Volumes: []corev1.Volume{{Name: "volume", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
			}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() {
		now := int64(0)
		_ = pods.Delete(context.WithoutCancel(ctx), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	}()
	return until(ctx, func(ctx context.Context) error {
		claim, err := claims.Get(ctx, claim.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if claim.Status.Phase == corev1.ClaimBound {
			return nil
		}
		pod, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return fmt.Errorf("the claim is %s%s", claim.Status.Phase, unscheduled(pod))
	})
}

// unscheduled is why a pod has no node, in the scheduler's words.
func unscheduled(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return ": " + c.Message
		}
	}
	return ""
}
