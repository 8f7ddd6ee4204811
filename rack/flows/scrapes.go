package flows

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// monitor is what matters here of a ServiceMonitor or a PodMonitor
// (https://prometheus-operator.dev/docs/api-reference/api/).
type monitor struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Selector          metav1.LabelSelector `json:"selector"`
		NamespaceSelector struct {
			Any        bool     `json:"any"`
			MatchNames []string `json:"matchNames"`
		} `json:"namespaceSelector"`
		Endpoints           []monitorPort `json:"endpoints"`
		PodMetricsEndpoints []monitorPort `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

type monitorPort struct {
	// Port is a name.
	Port string `json:"port"`
}

// scrapes lets Prometheus reach what monitors name.
func (c *Cluster) scrapes(l *list) {
	for _, prometheus := range c.scrapers() {
		from := End{Pod: prometheus}
		for _, o := range c.Others["ServiceMonitor.monitoring.coreos.com"] {
			for _, to := range c.serviceMonitor(o) {
				l.need(from, to, "the ServiceMonitor "+o.GetNamespace()+"/"+o.GetName()+" has it scraped")
			}
		}
		for _, o := range c.Others["PodMonitor.monitoring.coreos.com"] {
			for _, to := range c.podMonitor(o) {
				l.need(from, to, "the PodMonitor "+o.GetNamespace()+"/"+o.GetName()+" has it scraped")
			}
		}
	}
}

// scrapers are the pods of Prometheus.
func (c *Cluster) scrapers() []*Pod {
	return c.pods("monitoring", "app.kubernetes.io/name=prometheus")
}

// readMonitor is a monitor and what it chooses.
func readMonitor(o *unstructured.Unstructured) (*monitor, labels.Selector, error) {
	m, err := as[monitor](o)
	if err != nil {
		return nil, nil, err
	}
	selector, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
	if err != nil {
		return nil, nil, fmt.Errorf("%s %s/%s: spec.selector: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	return m, selector, nil
}

func (c *Cluster) serviceMonitor(o *unstructured.Unstructured) []target {
	m, selector, err := readMonitor(o)
	if err != nil {
		return nil // New has told it
	}
	var all []target
	for _, s := range c.Services {
		if !m.looksAt(s.Namespace) || !selector.Matches(labels.Set(s.Labels)) {
			continue
		}
		for _, endpoint := range m.Spec.Endpoints {
			for _, port := range s.Spec.Ports {
				if port.Name == endpoint.Port {
					all = append(all, c.backends(s, port)...)
				}
			}
		}
	}
	return all
}

func (c *Cluster) podMonitor(o *unstructured.Unstructured) []target {
	m, selector, err := readMonitor(o)
	if err != nil {
		return nil // New has told it
	}
	var all []target
	for _, p := range c.Pods {
		if !m.looksAt(p.Namespace) || !selector.Matches(labels.Set(p.Labels)) {
			continue
		}
		for _, endpoint := range m.Spec.PodMetricsEndpoints {
			if number, protocol := p.port(endpoint.Port); number != 0 {
				all = append(all, target{p.ends(), protocol, number})
			}
		}
	}
	return all
}

// looksAt reports whether a monitor looks for targets in a namespace.
func (m *monitor) looksAt(namespace string) bool {
	of := m.Spec.NamespaceSelector
	if of.Any {
		return true
	}
	if len(of.MatchNames) == 0 {
		return namespace == m.Metadata.Namespace
	}
	for _, name := range of.MatchNames {
		if name == namespace {
			return true
		}
	}
	return false
}
