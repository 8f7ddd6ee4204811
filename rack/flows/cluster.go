package flows

import (
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/home-ops/home-ops/spec"
)

// Cluster is what flows are worked out from.
type Cluster struct {
	Stack *spec.Stack
	Pods  []*Pod
	// Namespaces are the labels of each, by its name.
	Namespaces map[string]map[string]string
	Services   []*corev1.Service
	// Policies are those that Cilium follows, of three kinds.
	Policies []*unstructured.Unstructured
	// Others are all objects of kinds that nothing above holds, by kind and group: "HTTPRoute.gateway.networking.k8s.io".
	Others map[string][]*unstructured.Unstructured

	podKeys map[string]bool
}

// Kinds are those that New looks at, as resources of the API.
var Kinds = []schema.GroupVersionResource{
	{Version: "v1", Resource: "namespaces"},
	{Version: "v1", Resource: "pods"},
	{Version: "v1", Resource: "services"},
	{Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "batch", Version: "v1", Resource: "cronjobs"},
	{Group: "batch", Version: "v1", Resource: "jobs"},
	{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
	{Group: "cilium.io", Version: "v2", Resource: "ciliumnetworkpolicies"},
	{Group: "cilium.io", Version: "v2", Resource: "ciliumclusterwidenetworkpolicies"},
	{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"},
	{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"},
	{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "grpcroutes"},
	{Group: "monitoring.coreos.com", Version: "v1", Resource: "servicemonitors"},
	{Group: "monitoring.coreos.com", Version: "v1", Resource: "podmonitors"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations"},
	{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"},
	{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"},
	{Group: "external-secrets.io", Version: "v1", Resource: "clustersecretstores"},
	{Group: "ceph.rook.io", Version: "v1", Resource: "cephclusters"},
	{Group: "ceph.rook.io", Version: "v1", Resource: "cephobjectstores"},
	{Group: "volsync.backube", Version: "v1alpha1", Resource: "replicationsources"},
	{Group: "volsync.backube", Version: "v1alpha1", Resource: "replicationdestinations"},
}

// New reads the objects of a stack's cluster. An object of an unknown kind is left aside.
func New(stack *spec.Stack, objects []*unstructured.Unstructured) (*Cluster, error) {
	c := &Cluster{
		Stack: stack, Namespaces: map[string]map[string]string{}, Others: map[string][]*unstructured.Unstructured{},
		podKeys: map[string]bool{},
	}
	var errs []error
	for _, o := range objects {
		errs = append(errs, c.add(o))
	}
	c.addCeph()
	c.addKubelets()
	for _, p := range c.Pods {
		if c.Namespaces[p.Namespace] == nil {
			errs = append(errs, fmt.Errorf("%s: there is no namespace %s", p, p.Namespace))
		}
	}
	return c, errors.Join(errs...)
}

func (c *Cluster) add(o *unstructured.Unstructured) error {
	switch kind := o.GroupVersionKind().GroupKind().String(); kind {
	case "Namespace":
		// The API server gives every namespace its name as a label.
		marks := map[string]string{corev1.LabelMetadataName: o.GetName()}
		for key, value := range o.GetLabels() {
			marks[key] = value
		}
		c.Namespaces[o.GetName()] = marks
	case "Service":
		service, err := as[corev1.Service](o)
		c.Services = append(c.Services, service)
		return err
	case "NetworkPolicy.networking.k8s.io", "CiliumNetworkPolicy.cilium.io", "CiliumClusterwideNetworkPolicy.cilium.io":
		c.Policies = append(c.Policies, o)
	default:
		c.Others[kind] = append(c.Others[kind], o)
		return errors.Join(readable(kind, o), c.addPods(o))
	}
	return nil
}

// readable is an error for an object that flows are derived from and that is not of its kind's form: what cannot be read
// would ask for no flow, and nothing would be wrong.
func readable(kind string, o *unstructured.Unstructured) error {
	var err error
	switch kind {
	case "ServiceMonitor.monitoring.coreos.com", "PodMonitor.monitoring.coreos.com":
		_, _, err = readMonitor(o)
	case "ValidatingWebhookConfiguration.admissionregistration.k8s.io":
		_, err = as[admissionv1.ValidatingWebhookConfiguration](o)
	case "MutatingWebhookConfiguration.admissionregistration.k8s.io":
		_, err = as[admissionv1.MutatingWebhookConfiguration](o)
	case "APIService.apiregistration.k8s.io":
		_, err = as[apiService](o)
	case "HTTPRoute.gateway.networking.k8s.io":
		_, err = as[gatewayv1.HTTPRoute](o)
	case "GRPCRoute.gateway.networking.k8s.io":
		_, err = as[gatewayv1.GRPCRoute](o)
	}
	return err
}

// pods are those of a namespace, or of all where it is empty, with the labels, given as KEY=VALUE.
func (c *Cluster) pods(namespace string, pairs ...string) []*Pod {
	var found []*Pod
	for _, p := range c.Pods {
		if (namespace == "" || p.Namespace == namespace) && p.labelled(pairs...) {
			found = append(found, p)
		}
	}
	return found
}

// selected are the pods of a namespace that a selector chooses. An empty selector chooses all.
func (c *Cluster) selected(namespace string, selector labels.Selector) []*Pod {
	var found []*Pod
	for _, p := range c.pods(namespace) {
		if selector.Matches(labels.Set(p.Labels)) {
			found = append(found, p)
		}
	}
	return found
}
