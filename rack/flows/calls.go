package flows

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// reference is a Service that the API server calls.
type reference struct {
	namespace, name string
	port            int32
	why             string
}

// calls lets API servers reach webhooks and aggregated APIs, from their own node and from others.
func (c *Cluster) calls(l *list) {
	for _, ref := range append(c.webhooks(), c.aggregated()...) {
		found, err := c.behind(ref.namespace, ref.name, ref.port)
		l.lost(ref.why, err)
		for _, to := range found {
			for _, from := range []End{otherControlPlane, otherNode, ownControlPlane} {
				l.need(from, to, ref.why)
			}
		}
	}
}

func (c *Cluster) webhooks() []reference {
	var all []reference
	add := func(o *unstructured.Unstructured, client admissionv1.WebhookClientConfig) {
		if s := client.Service; s != nil {
			port := int32(443)
			if s.Port != nil {
				port = *s.Port
			}
			all = append(all, reference{s.Namespace, s.Name, port, "the API server calls the webhook " + o.GetName()})
		}
	}
	for _, o := range c.Others["ValidatingWebhookConfiguration.admissionregistration.k8s.io"] {
		if w, err := as[admissionv1.ValidatingWebhookConfiguration](o); err == nil {
			for _, hook := range w.Webhooks {
				add(o, hook.ClientConfig)
			}
		}
	}
	for _, o := range c.Others["MutatingWebhookConfiguration.admissionregistration.k8s.io"] {
		if w, err := as[admissionv1.MutatingWebhookConfiguration](o); err == nil {
			for _, hook := range w.Webhooks {
				add(o, hook.ClientConfig)
			}
		}
	}
	for _, ref := range leftOut {
		// A cluster need not have the chart.
		if c.service(ref.namespace, ref.name) != nil {
			all = append(all, ref)
		}
	}
	return all
}

// leftOut are webhooks and APIs of genuine charts that a rehearsal leaves out, for nobody answers them there. Their
// Services are there. TestWanted_HasEveryWebhookAndAPIOfTheCharts holds them to the charts' facts.
var leftOut = []reference{
	{"cert-manager", "cert-manager-webhook", 443, "the API server has certificates checked"},
	{"external-secrets", "external-secrets-webhook", 443, "the API server has secret stores checked"},
	{"monitoring", "kube-prometheus-stack-operator", 443, "the API server has alert rules checked"},
	{"longhorn-system", "longhorn-admission-webhook", 9502, "the API server has volumes checked"},
	{"system", "metrics-server", 443, "the API server passes metrics.k8s.io on"},
}

// apiService is what matters here of an APIService.
type apiService struct {
	Spec struct {
		Service *struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
			Port      *int32 `json:"port"`
		} `json:"service"`
	} `json:"spec"`
}

func (c *Cluster) aggregated() []reference {
	var all []reference
	for _, o := range c.Others["APIService.apiregistration.k8s.io"] {
		a, err := as[apiService](o)
		if err != nil || a.Spec.Service == nil {
			continue
		}
		port := int32(443)
		if a.Spec.Service.Port != nil {
			port = *a.Spec.Service.Port
		}
		all = append(all, reference{a.Spec.Service.Namespace, a.Spec.Service.Name, port, "the API server passes " + o.GetName() + " on"})
	}
	return all
}
