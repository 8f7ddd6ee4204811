package power

import (
	"context"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// Cluster is what a planned shutdown asks of Kubernetes.
type Cluster interface {
	// Nodes are all nodes that the cluster knows.
	Nodes(ctx context.Context) ([]Node, error)
	// Cordon keeps new pods off a node, and notes that a shutdown did so; Uncordon takes both back.
	Cordon(ctx context.Context, name string) error
	Uncordon(ctx context.Context, name string) error
	// Consumers are the pods that have volumes, Delete takes one away in order.
	Consumers(ctx context.Context) ([]Pod, error)
	Delete(ctx context.Context, pod Pod) error
	// Attached are the volumes that are attached to a node.
	Attached(ctx context.Context) ([]string, error)
}

// Node is one node, as Kubernetes sees it.
type Node struct {
	Name            string
	Ready, Cordoned bool
	// ByUs says that a shutdown has cordoned it.
	ByUs bool
}

// Pod is one pod.
type Pod struct {
	Namespace, Name string
	// Stays says why it is not taken away: it would not come back, or at once; empty for one that may go.
	Stays string
}

func (p Pod) String() string { return p.Namespace + "/" + p.Name }

// KubeAPI is the Kubernetes API of the cluster.
type KubeAPI struct{ kubeapi.API }

var _ Cluster = KubeAPI{}

// cordonedByUs marks a node that a shutdown has cordoned.
const cordonedByUs = "home-ops/cordoned-for-shutdown"

// Nodes implements [Cluster].
func (k KubeAPI) Nodes(ctx context.Context) ([]Node, error) {
	var list corev1.NodeList
	if err := k.Get(ctx, "/api/v1/nodes", &list); err != nil {
		return nil, err
	}
	var nodes []Node
	for _, n := range list.Items {
		node := Node{Name: n.Name}
		node.Cordoned, node.ByUs = kubeapi.Cordoned(n, cordonedByUs)
		node.Ready, _ = kubeapi.Ready(n)
		nodes = append(nodes, node)
	}
	return nodes, nil
}

// Cordon implements [Cluster].
func (k KubeAPI) Cordon(ctx context.Context, name string) error {
	return k.API.Cordon(ctx, name, cordonedByUs)
}

// Uncordon implements [Cluster].
func (k KubeAPI) Uncordon(ctx context.Context, name string) error {
	return k.API.Uncordon(ctx, name, cordonedByUs)
}

// Consumers implements [Cluster]. A pod that no node has taken mounts nothing, and one that has ended no more.
func (k KubeAPI) Consumers(ctx context.Context) ([]Pod, error) {
	var list corev1.PodList
	if err := k.Get(ctx, "/api/v1/pods", &list); err != nil {
		return nil, err
	}
	var pods []Pod
	for _, pod := range list.Items {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if pod.Spec.NodeName != "" && !ended && hasVolume(pod) {
			pods = append(pods, Pod{Namespace: pod.Namespace, Name: pod.Name, Stays: stays(pod)})
		}
	}
	return pods, nil
}

// stays is why a pod is not to be deleted, where it is not.
func stays(pod corev1.Pod) string {
	owner := metav1.GetControllerOf(&pod)
	switch {
	case owner == nil:
		return "nothing would make it again"
	case owner.Kind == "DaemonSet" || owner.Kind == "Node":
		return "its " + owner.Kind + " would make it again at once, cordoned or not"
	}
	return ""
}

func hasVolume(pod corev1.Pod) bool {
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim != nil || v.Ephemeral != nil {
			return true
		}
	}
	return false
}

// Delete implements [Cluster].
func (k KubeAPI) Delete(ctx context.Context, pod Pod) error {
	err := k.Do(ctx, http.MethodDelete, "/api/v1/namespaces/"+pod.Namespace+"/pods/"+pod.Name, nil, nil)
	if kubeapi.IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// Attached implements [Cluster].
func (k KubeAPI) Attached(ctx context.Context) ([]string, error) {
	var list storagev1.VolumeAttachmentList
	if err := k.Get(ctx, "/apis/storage.k8s.io/v1/volumeattachments", &list); err != nil {
		return nil, err
	}
	var names []string
	for _, a := range list.Items {
		if name := a.Spec.Source.PersistentVolumeName; name != nil {
			names = append(names, *name+" at "+a.Spec.NodeName)
		}
	}
	return names, nil
}
