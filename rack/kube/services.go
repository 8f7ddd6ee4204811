package kube

import "github.com/home-ops/home-ops/rack/node"

// services are those that a real machine lists and this package runs; the control plane's static pods are the kubelet's,
// so they are not among them.
func (b *boot) services() []node.Service {
	var services []node.Service
	if b.plane != nil {
		state, message := b.plane.member.state()
		services = append(services, node.Service{
			ID: "etcd", State: state, Message: message, HealthKnown: state == "Running", Healthy: b.plane.member.hasQuorum(),
		})
	}
	if b.kubelet != nil {
		// The real service is healthy as soon as the kubelet's own health endpoint answers, cluster or not.
		message := "Health check successful"
		if problem := b.kubelet.State().Problem; problem != "" {
			message = problem
		}
		kubelet := node.Service{ID: "kubelet", State: "Running", Message: message, HealthKnown: true, Healthy: true}
		if b.kubelet.State().Starting {
			kubelet = node.Service{ID: "kubelet", State: "Preparing", Message: "Running pre state"}
		}
		services = append(services, kubelet)
	}
	return services
}
