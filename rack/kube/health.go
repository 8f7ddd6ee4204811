package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Status is the state of the cluster, as its own servers tell it.
type Status struct {
	// Version is the API servers'.
	Version string
	// APIServers counts those that answer /readyz; ControlPlanes those that there should be.
	APIServers, ControlPlanes int
	// EtcdMembers counts the voting members that etcd lists.
	EtcdMembers int
	Nodes       []NodeStatus
	// VirtualIPs is [Fabric.VirtualIPs].
	VirtualIPs map[string]string
}

// NodeStatus is one Node object.
type NodeStatus struct {
	Name, Role, Address string
	Ready               bool
	// Reason is the Ready condition's.
	Reason string
}

// Status asks every server. Without a living API server the error says what is missing, and the rest of the status is
// what is known without it.
func (f *Fabric) Status(ctx context.Context) (Status, error) {
	status := Status{VirtualIPs: f.VirtualIPs()}
	var asked *plane
	var errs []error
	for _, p := range f.planes() {
		status.ControlPlanes++
		if !p.serving() {
			continue
		}
		status.APIServers++
		asked = p
	}
	if asked == nil {
		return status, fmt.Errorf("no API server is ready: %w", f.problems())
	}
	members, err := asked.member.list(ctx)
	errs = append(errs, err)
	for _, m := range members {
		if !m.IsLearner {
			status.EtcdMembers++
		}
	}
	errs = append(errs, status.askAPI(ctx, asked))
	return status, errors.Join(errs...)
}

func (s *Status) askAPI(ctx context.Context, p *plane) error {
	config, err := talosConfig(p.current())
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	s.Version = version.GitVersion
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range nodes.Items {
		s.Nodes = append(s.Nodes, nodeStatus(&nodes.Items[i]))
	}
	return nil
}

func nodeStatus(n *corev1.Node) NodeStatus {
	status := NodeStatus{Name: n.Name, Role: "worker"}
	if _, ok := n.Labels["node-role.kubernetes.io/control-plane"]; ok {
		status.Role = "control-plane"
	}
	for _, address := range n.Status.Addresses {
		if address.Type == corev1.NodeInternalIP && status.Address == "" {
			status.Address = address.Address
		}
	}
	for _, condition := range n.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			status.Ready, status.Reason = condition.Status == corev1.ConditionTrue, condition.Reason
		}
	}
	return status
}

// WaitReady returns when everything that is switched on works: etcd's members vote, API servers answer, virtual IPs are
// held, and the nodes are registered. A node without a CNI is registered and not ready, so readiness of nodes is not
// waited for. When the context ends first, the error says what is missing.
func (f *Fabric) WaitReady(ctx context.Context) error {
	for {
		problems := f.problems()
		if problems == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kubernetes is not ready: %w: %w", context.Cause(ctx), problems)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// problems is what does not work of what is switched on; nil when all does.
func (f *Fabric) problems() error {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	running := 0
	for _, n := range f.list() {
		b := n.booted()
		if b == nil {
			continue
		}
		running++
		if b.plane != nil {
			for _, problem := range b.plane.problems() {
				add("%s: %s", n.name, problem)
			}
		}
		if b.kubelet != nil {
			if state := b.kubelet.State(); !state.Registered {
				add("%s: node is not registered: %s", n.name, state.Problem)
			}
		}
	}
	if running == 0 {
		add("no node runs")
	}
	f.mu.Lock()
	for address, v := range f.virtual {
		if v.holder == nil {
			add("nobody holds the virtual IP %s", address)
		}
	}
	f.mu.Unlock()
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}

func (p *plane) problems() []string {
	var problems []string
	if !p.member.hasQuorum() {
		state, why := p.member.state()
		return []string{fmt.Sprintf("etcd is %s: %s", strings.ToLower(state), why)}
	}
	for _, c := range p.all() {
		if c.ready() {
			continue
		}
		problem := c.spec.Name + " is not ready"
		if exit := c.process.LastExit(); exit != nil {
			problem += ": " + exit.Error()
		}
		problems = append(problems, problem)
	}
	if len(p.all()) == 0 {
		problems = append(problems, "the API server is not started yet")
	}
	if !isClosed(p.applied) {
		problems = append(problems, "the bootstrap manifests are not applied yet")
	}
	return problems
}
