package flows

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// service is the Service of that name, or nil.
func (c *Cluster) service(namespace, name string) *corev1.Service {
	for _, s := range c.Services {
		if s.Namespace == namespace && s.Name == name {
			return s
		}
	}
	return nil
}

// behind is where a port of the Service of that name leads; 0 is its first port.
func (c *Cluster) behind(namespace, name string, number int32) ([]target, error) {
	s := c.service(namespace, name)
	if s == nil {
		return nil, fmt.Errorf("there is no Service %s/%s", namespace, name)
	}
	port, ok := servicePort(s, number)
	if !ok {
		return nil, fmt.Errorf("the Service %s/%s has no port %d", namespace, name, number)
	}
	return c.backends(s, port)
}

// backends are where a port of a Service leads: the port of each pod behind it. What reaches a Service reaches these,
// and policies speak of them alone. Where a Service without a selector leads, somebody else says: it has none.
func (c *Cluster) backends(s *corev1.Service, port corev1.ServicePort) ([]target, error) {
	if len(s.Spec.Selector) == 0 {
		return nil, nil
	}
	var found []target
	for _, p := range c.selected(s.Namespace, labels.SelectorFromSet(s.Spec.Selector)) {
		number, protocol := resolve(p, port)
		if number != 0 {
			found = append(found, target{p.ends(), protocol, number})
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no pod behind the Service %s/%s listens at its port %s", s.Namespace, s.Name, described(port))
	}
	return found, nil
}

// described is how a finding names a port of a Service.
func described(port corev1.ServicePort) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", port.Port, port.Name))
}

// resolve is the pod's own port behind a Service's.
func resolve(p *Pod, port corev1.ServicePort) (uint16, string) {
	switch {
	case port.TargetPort.Type == intstr.String && port.TargetPort.StrVal != "":
		return p.port(port.TargetPort.StrVal)
	case port.TargetPort.IntVal != 0:
		return uint16(port.TargetPort.IntVal), protocolOf(port.Protocol)
	}
	return uint16(port.Port), protocolOf(port.Protocol)
}

// servicePort is a Service's port of that number, or the first for 0.
func servicePort(s *corev1.Service, number int32) (corev1.ServicePort, bool) {
	for _, port := range s.Spec.Ports {
		if number == 0 || port.Port == number {
			return port, true
		}
	}
	return corev1.ServicePort{}, false
}
