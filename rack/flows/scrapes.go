package flows

import (
	"errors"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
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
	// Port is a name: the Service's or, for a PodMonitor, the container's.
	Port string `json:"port"`
	// TargetPort is the container's, by name or number, where Port is empty, and PortNumber by number.
	TargetPort *intstr.IntOrString `json:"targetPort"`
	PortNumber int32               `json:"portNumber"`
}

// asked is how a finding names the port.
func (p monitorPort) asked() string {
	switch {
	case p.Port != "":
		return p.Port
	case p.TargetPort != nil:
		return p.TargetPort.String()
	}
	return strconv.Itoa(int(p.PortNumber))
}

// of is the port of a pod that is asked past any Service; 0 where the pod has none of that name.
func (p monitorPort) of(pod *Pod) (uint16, string) {
	switch {
	case p.Port != "":
		return pod.port(p.Port)
	case p.TargetPort != nil:
		return resolve(pod, corev1.ServicePort{TargetPort: *p.TargetPort})
	}
	return uint16(p.PortNumber), string(corev1.ProtocolTCP)
}

// scrapes lets Prometheus reach what monitors name.
func (c *Cluster) scrapes(l *list) {
	for _, o := range c.Others["ServiceMonitor.monitoring.coreos.com"] {
		c.monitored(l, o, c.serviceMonitor)
	}
	for _, o := range c.Others["PodMonitor.monitoring.coreos.com"] {
		c.monitored(l, o, c.podMonitor)
	}
}

func (c *Cluster) monitored(l *list, o *unstructured.Unstructured, targets func(*unstructured.Unstructured) ([]target, error)) {
	why := "the " + o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName() + " has it scraped"
	found, err := targets(o)
	l.lost(why, err)
	scrapers := c.scrapers()
	if len(scrapers) == 0 {
		l.lost(why, errors.New("there is no pod of Prometheus"))
	}
	for _, prometheus := range scrapers {
		for _, to := range found {
			l.need(End{Pod: prometheus}, to, why)
		}
	}
}

// addKubelets adds the Service that Prometheus' operator makes for kubelets, where there is something for it to be scraped by. It
// has no selector: the operator writes the nodes' addresses itself
// (https://github.com/prometheus-operator/prometheus-operator/tree/main/pkg/kubelet).
func (c *Cluster) addKubelets() {
	if len(c.Others["ServiceMonitor.monitoring.coreos.com"]) == 0 {
		return
	}
	c.Services = append(c.Services, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceSystem, Name: "kubelet",
			Labels: map[string]string{
				"k8s-app": "kubelet", "app.kubernetes.io/name": "kubelet", "app.kubernetes.io/managed-by": "prometheus-operator",
			},
		},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "https-metrics", Port: kubeletPort}}},
	})
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

// serviceMonitor is what a ServiceMonitor leads to.
func (c *Cluster) serviceMonitor(o *unstructured.Unstructured) ([]target, error) {
	m, selector, err := readMonitor(o)
	if err != nil {
		return nil, nil //nolint:nilerr // New has told it
	}
	var services []*corev1.Service
	for _, s := range c.Services {
		if m.looksAt(s.Namespace) && selector.Matches(labels.Set(s.Labels)) {
			services = append(services, s)
		}
	}
	if len(services) == 0 {
		return nil, errors.New("it chooses no Service")
	}
	var all []target
	var errs []error
	for _, endpoint := range m.Spec.Endpoints {
		var found []target
		has := false
		for _, s := range services {
			targets, ok, err := c.scraped(s, endpoint)
			found, has, errs = append(found, targets...), has || ok, append(errs, err)
		}
		if !has {
			errs = append(errs, fmt.Errorf("no Service that it chooses has the port %s", endpoint.asked()))
		}
		all = append(all, found...)
	}
	return all, errors.Join(errs...)
}

// scraped is where an endpoint of a ServiceMonitor leads by way of a Service, and whether the Service has its port.
func (c *Cluster) scraped(s *corev1.Service, endpoint monitorPort) (all []target, has bool, err error) {
	if endpoint.Port == "" {
		for _, p := range c.selected(s.Namespace, labels.SelectorFromSet(s.Spec.Selector)) {
			if number, protocol := endpoint.of(p); number != 0 && len(s.Spec.Selector) > 0 {
				all = append(all, target{p.ends(), protocol, number})
			}
		}
		return all, len(all) > 0 || len(s.Spec.Selector) == 0, nil
	}
	for _, port := range s.Spec.Ports {
		if port.Name == endpoint.Port {
			found, missing := c.backends(s, port)
			all, has, err = append(all, found...), true, errors.Join(err, missing)
		}
	}
	return all, has, err
}

func (c *Cluster) podMonitor(o *unstructured.Unstructured) ([]target, error) {
	m, selector, err := readMonitor(o)
	if err != nil {
		return nil, nil //nolint:nilerr // New has told it
	}
	var pods []*Pod
	for _, p := range c.Pods {
		if m.looksAt(p.Namespace) && selector.Matches(labels.Set(p.Labels)) {
			pods = append(pods, p)
		}
	}
	if len(pods) == 0 {
		return nil, errors.New("it chooses no pod")
	}
	var all []target
	var errs []error
	for _, endpoint := range m.Spec.PodMetricsEndpoints {
		before := len(all)
		for _, p := range pods {
			if number, protocol := endpoint.of(p); number != 0 {
				all = append(all, target{p.ends(), protocol, number})
			}
		}
		if len(all) == before {
			errs = append(errs, fmt.Errorf("no pod that it chooses has the port %s", endpoint.asked()))
		}
	}
	return all, errors.Join(errs...)
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
