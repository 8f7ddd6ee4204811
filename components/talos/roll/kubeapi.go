package roll

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
)

// KubeAPI is the Kubernetes API of the cluster that rolls.
type KubeAPI struct{ kubeapi.API }

var _ Cluster = KubeAPI{}

// cordonedByUs marks a node that this program has cordoned, so that a later run knows.
const cordonedByUs = "home-ops/cordoned-for-roll"

// APIReady implements [Cluster].
func (k KubeAPI) APIReady(ctx context.Context, node Node) error {
	server := "https://" + net.JoinHostPort(node.Address.String(), spec.APIPort)
	return kubeapi.API{Server: server, Client: k.Client}.Get(ctx, "/readyz", nil)
}

// Node implements [Cluster].
func (k KubeAPI) Node(ctx context.Context, name string) (NodeState, error) {
	var node corev1.Node
	err := k.Do(ctx, http.MethodGet, "/api/v1/nodes/"+name, nil, &node)
	switch {
	case kubeapi.IsStatus(err, http.StatusNotFound):
		return NodeState{}, fmt.Errorf("%s: %w", name, ErrNoNode)
	case err != nil:
		return NodeState{}, err
	}
	state := NodeState{BootID: node.Status.NodeInfo.BootID, Kubelet: node.Status.NodeInfo.KubeletVersion}
	state.Cordoned, state.ByUs = kubeapi.Cordoned(node, cordonedByUs)
	state.Ready, state.Why = kubeapi.Ready(node)
	return state, nil
}

// Cordon implements [Cluster].
func (k KubeAPI) Cordon(ctx context.Context, name string) error {
	return k.API.Cordon(ctx, name, cordonedByUs)
}

// Uncordon implements [Cluster].
func (k KubeAPI) Uncordon(ctx context.Context, name string) error {
	return k.API.Uncordon(ctx, name, cordonedByUs)
}

// DeleteNode implements [Cluster]. A kubelet registers its node when it starts, and not again while it runs.
func (k KubeAPI) DeleteNode(ctx context.Context, name string) error {
	err := k.Do(ctx, http.MethodDelete, "/api/v1/nodes/"+name, nil, nil)
	if kubeapi.IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// Pods implements [Cluster]. Those of a DaemonSet and static pods belong to their node,
// and a pod without a controller would never come back if it were evicted: the kubelet
// starts it again after the boot.
func (k KubeAPI) Pods(ctx context.Context, node string) ([]Pod, error) {
	pods, err := k.pods(ctx, "/api/v1/pods", url.Values{"fieldSelector": {"spec.nodeName=" + node}})
	if err != nil {
		return nil, err
	}
	var movable []Pod
	for _, pod := range pods {
		owner := metav1.GetControllerOf(&pod)
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if ended || owner == nil || owner.Kind == "DaemonSet" || owner.Kind == "Node" {
			continue
		}
		movable = append(movable, Pod{Namespace: pod.Namespace, Name: pod.Name})
	}
	return movable, nil
}

func (k KubeAPI) pods(ctx context.Context, path string, query url.Values) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := k.Do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &pods)
	return pods.Items, err
}

// Evict implements [Cluster]. The API server names the budget
// (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/).
func (k KubeAPI) Evict(ctx context.Context, pod Pod) error {
	err := k.Do(ctx, http.MethodPost, "/api/v1/namespaces/"+pod.Namespace+"/pods/"+pod.Name+"/eviction", &policyv1.Eviction{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
	}, nil)
	var refused kubeapi.Error
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.Code == http.StatusNotFound:
		return nil
	case refused.Code == http.StatusTooManyRequests:
		return BudgetError{Pod: pod, Reason: refused.Text}
	}
	return err
}

// ControlPlane implements [Cluster].
func (k KubeAPI) ControlPlane(ctx context.Context, node string) (map[string]string, error) {
	return k.staticPods(ctx, node, func(pod corev1.Pod) string {
		image, _, _ := strings.Cut(pod.Spec.Containers[0].Image, "@")
		_, release, _ := cutLast(image, ":")
		return release
	})
}

// SecretsOf implements [Cluster].
func (k KubeAPI) SecretsOf(ctx context.Context, node string) (map[string]string, error) {
	return k.staticPods(ctx, node, func(pod corev1.Pod) string { return pod.Annotations[constants.AnnotationStaticPodSecretsVersion] })
}

// staticPods tell something of the components of a control plane that are ready.
func (k KubeAPI) staticPods(ctx context.Context, node string, tell func(corev1.Pod) string) (map[string]string, error) {
	pods, err := k.pods(ctx, "/api/v1/namespaces/kube-system/pods", url.Values{
		"fieldSelector": {"spec.nodeName=" + node}, "labelSelector": {"tier=control-plane"},
	})
	if err != nil {
		return nil, err
	}
	told := map[string]string{}
	for _, pod := range pods {
		ready := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		if len(pod.Spec.Containers) == 0 || !ready || pod.DeletionTimestamp != nil {
			continue
		}
		told[pod.Labels["k8s-app"]] = tell(pod)
	}
	return told, nil
}

// Shows implements [Cluster].
func (k KubeAPI) Shows(ctx context.Context, node Node, authority []byte) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return errors.New("the machine config has no certificate of an authority that issues for Kubernetes")
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(node.Address.String(), spec.APIPort))
	if err != nil {
		return fmt.Errorf("its API server does not show a certificate of the authority that issues: %w", err)
	}
	return conn.Close()
}

// PodsTrust implements [Cluster]. Each namespace has the same
// (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/).
func (k KubeAPI) PodsTrust(ctx context.Context) (string, error) {
	var held corev1.ConfigMap
	err := k.Get(ctx, "/api/v1/namespaces/"+metav1.NamespaceSystem+"/configmaps/kube-root-ca.crt", &held)
	return held.Data["ca.crt"], err
}

// Heartbeat implements [Cluster].
func (k KubeAPI) Heartbeat(ctx context.Context, node string) (time.Time, error) {
	var lease coordinationv1.Lease
	if err := k.Get(ctx, "/apis/coordination.k8s.io/v1/namespaces/"+corev1.NamespaceNodeLease+"/leases/"+node, &lease); err != nil {
		return time.Time{}, fmt.Errorf("lease of node %s: %w", node, err)
	}
	if lease.Spec.RenewTime == nil {
		return time.Time{}, fmt.Errorf("lease of node %s: it was never renewed", node)
	}
	return lease.Spec.RenewTime.Time, nil
}
