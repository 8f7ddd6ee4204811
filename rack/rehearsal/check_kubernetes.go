package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

func (r *rehearsal) checkEndpoint(ctx context.Context, c *cluster) (string, error) {
	version, err := c.client.Discovery().ServerVersion()
	if err != nil {
		return "", err
	}
	r.report.Kubernetes.Version = version.GitVersion
	if want := r.stack.ClusterEndpoint(); c.rest.Host != want {
		return "", fmt.Errorf("the kubeconfig leads to %s, and the cluster's endpoint is %s", c.rest.Host, want)
	}
	// Where that is not the stack's own release, the table says so, see differences.
	if want := r.config.ControlPlanes.Of(string(r.stack.Cluster.KubernetesVersion)).Version; version.GitVersion != want {
		return "", fmt.Errorf("%s says it is %s, and the nodes were to run %s", c.rest.Host, version.GitVersion, want)
	}
	return fmt.Sprintf("%s, %s", c.rest.Host, version.GitVersion), nil
}

// checkAPIServers asks each control plane by itself, so that the VIP cannot hide a missing one.
func (r *rehearsal) checkAPIServers(ctx context.Context, c *cluster) (string, error) {
	serving, want := 0, 0
	var errs []error
	for _, m := range r.rack.nodes {
		if !m.spec.IsControlPlane() {
			continue
		}
		want++
		err := until(ctx, func(ctx context.Context) error {
			config := rest.CopyConfig(c.rest)
			config.Host = "https://" + net.JoinHostPort(m.spec.Address.String(), "6443")
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.spec.Name, err))
			continue
		}
		serving++
	}
	r.report.Kubernetes.APIServers = serving
	return fmt.Sprintf("%d of %d", serving, want), errors.Join(errs...)
}

func (r *rehearsal) checkNodes(ctx context.Context, c *cluster) (string, error) {
	var detail string
	err := until(ctx, func(ctx context.Context) error {
		list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		detail, err = r.compareNodes(list.Items)
		return err
	})
	return detail, err
}

func (r *rehearsal) compareNodes(registered []corev1.Node) (string, error) {
	var errs []error
	r.report.Nodes = nil
	byName := map[string]corev1.Node{}
	for _, n := range registered {
		byName[n.Name] = n
	}
	for _, m := range r.rack.nodes {
		n, ok := byName[m.spec.Name]
		delete(byName, m.spec.Name)
		if !ok {
			errs = append(errs, fmt.Errorf("%s is not registered", m.spec.Name))
			continue
		}
		ready, reason := readiness(n)
		r.report.Nodes = append(r.report.Nodes, report.Node{
			Name: n.Name, Role: string(m.spec.Role), Address: internalIP(n), Ready: ready,
		})
		if !ready {
			errs = append(errs, fmt.Errorf("%s is not ready: %s", n.Name, reason))
		}
		errs = append(errs, r.compareNode(m, n)...)
	}
	for name := range byName {
		errs = append(errs, fmt.Errorf("%s is registered and not in the stack file", name))
	}
	return fmt.Sprintf("%d ready", len(r.report.Nodes)), errors.Join(errs...)
}

func (r *rehearsal) compareNode(m *machine, n corev1.Node) []error {
	var errs []error
	for _, address := range m.spec.Addresses() {
		if !slices.Contains(n.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address.String()}) {
			errs = append(errs, fmt.Errorf("%s: %s is not among its addresses %v", n.Name, address, n.Status.Addresses))
		}
	}
	if want := string(r.stack.Cluster.KubernetesVersion); n.Status.NodeInfo.KubeletVersion != want {
		errs = append(errs, fmt.Errorf("%s: kubelet is %s, not %s", n.Name, n.Status.NodeInfo.KubeletVersion, want))
	}
	if want := string(r.stack.Cluster.TalosVersion); !strings.Contains(n.Status.NodeInfo.OSImage, want) {
		errs = append(errs, fmt.Errorf("%s: its system is %q, not Talos %s", n.Name, n.Status.NodeInfo.OSImage, want))
	}
	if len(n.Spec.PodCIDRs) != len(r.stack.Network.PodCIDRs) {
		errs = append(errs, fmt.Errorf("%s: its pod networks are %v, one of each of %v was wanted", n.Name, n.Spec.PodCIDRs, r.stack.Network.PodCIDRs))
	}
	for _, cidr := range n.Spec.PodCIDRs {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil || !slices.ContainsFunc(r.stack.Network.PodCIDRs, func(p netip.Prefix) bool { return p.Contains(prefix.Addr()) }) {
			errs = append(errs, fmt.Errorf("%s: pod network %s is outside %v", n.Name, cidr, r.stack.Network.PodCIDRs))
		}
	}
	for key, want := range m.spec.Labels {
		if got := n.Labels[key]; got != want {
			errs = append(errs, fmt.Errorf("%s: label %s is %s, not %s", n.Name, key, strconv.Quote(got), strconv.Quote(want)))
		}
	}
	annotations := m.spec.NodeAnnotations()
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if got, want := n.Annotations[key], annotations[key]; got != want {
			errs = append(errs, fmt.Errorf("%s: annotation %s is %q, not %q", n.Name, key, got, want))
		}
	}
	if got, want := ownTaints(n), r.wantedTaints(m.spec); !slices.Equal(got, want) {
		errs = append(errs, fmt.Errorf("%s: its taints are %q, not %q", n.Name, got, want))
	}
	return errs
}

// wantedTaints are those of a node's line, and that of a control plane which runs no workloads.
func (r *rehearsal) wantedTaints(n spec.Node) []string {
	var all []string
	if n.IsControlPlane() && !r.stack.Cluster.AllowSchedulingOnControlPlanes {
		all = append(all, taint(constants.LabelNodeRoleControlPlane, "", string(corev1.TaintEffectNoSchedule)))
	}
	for _, t := range n.Taints {
		all = append(all, taint(t.Key, t.Value, string(t.Effect)))
	}
	slices.Sort(all)
	return all
}

// ownTaints are a node's but for those that come and go with its state, which Kubernetes and Cilium set.
func ownTaints(n corev1.Node) []string {
	var all []string
	for _, t := range n.Spec.Taints {
		if !strings.HasPrefix(t.Key, "node.kubernetes.io/") && !strings.HasPrefix(t.Key, "node.cilium.io/") {
			all = append(all, taint(t.Key, t.Value, string(t.Effect)))
		}
	}
	slices.Sort(all)
	return all
}

// taint is one as kubectl writes it.
func taint(key, value, effect string) string {
	if value != "" {
		key += "=" + value
	}
	return key + ":" + effect
}

func readiness(n corev1.Node) (bool, string) {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue, c.Message
		}
	}
	return false, "no Ready condition"
}

func internalIP(n corev1.Node) string {
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			return a.Address
		}
	}
	return ""
}
