package kube_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
	"github.com/home-ops/home-ops/rack/node"
)

func TestCluster_OfThreeDualStackControlPlanesSurvivesTheLossOfOne(t *testing.T) {
	if !inRoom(t, vip, "10.0.50.11", "fd00:50::11", "10.0.50.12", "fd00:50::12", "10.0.50.13", "fd00:50::13") {
		return
	}
	schedulable := func(c *v1alpha1.Config) {
		yes := true
		c.ClusterConfig.AllowSchedulingOnControlPlanes = &yes
	}
	configs := configtest.New(t, "https://"+vip+":6443", configtest.VIP(vip), configtest.DualStack, schedulable)
	c := newCluster(t)
	for i := 1; i <= 3; i++ {
		c.add(configs, machine.TypeControlPlane, fmt.Sprintf("cp-%d", i), fmt.Sprintf("10.0.50.1%d", i), fmt.Sprintf("fd00:50::1%d", i))
	}
	if err := c.machines["cp-1"].kube.Bootstrap(t.Context(), node.Recovery{}); err != nil {
		t.Fatal(err)
	}
	c.waitReady("cp-3")
	if _, err := c.client.AppsV1().DaemonSets("kube-system").Create(t.Context(), agent(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.eventually("nodes are ready", 60*time.Second, c.nodesReady(true))
	c.eventually("an ordinary workload runs", 60*time.Second, deploy(c))
	checkDualStack(t, c)
	t.Logf("memory: %s", memory())
	operate(t, c)

	lost := c.holder()
	c.plugOut(lost)
	if err := c.write(t.Context()); err == nil {
		t.Errorf("%s has lost its power with the virtual IP, and nobody notices", lost)
	}
	c.eventually("writes go on without "+lost+", which held the virtual IP", lease, c.write)
	strand(t, c, lost)
	c.powerOn(lost)
	c.eventually("the stranded pod ends when its node is back", 60*time.Second, c.podsReady("default", "app=web", 3))
	ready, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := c.fabric.WaitReady(ready); err != nil {
		t.Error(err)
	}
	// One that leaves etcd with the virtual IP takes it along for a minute.
	holder := c.holder()
	replaced := "cp-3"
	if replaced == holder {
		replaced = "cp-2"
	}
	replace(t, c, configs, replaced, holder)
}

// deploy creates a Deployment and a Job, and wants the one to run and the other to end.
func deploy(c *cluster) func(context.Context) error {
	labels, replicas := map[string]string{"app": "web"}, int32(3)
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "web", Image: "registry.example/web:1"}},
			TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule,
				LabelSelector: &metav1.LabelSelector{MatchLabels: labels},
			}},
		},
	}
	job := template.DeepCopy()
	job.Labels, job.Spec.RestartPolicy, job.Spec.TopologySpreadConstraints = nil, corev1.RestartPolicyNever, nil
	return func(ctx context.Context) error {
		_, err := c.client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "web"},
			Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
		_, err = c.client.BatchV1().Jobs("default").Create(ctx, &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: "once"}, Spec: batchv1.JobSpec{Template: *job},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
		once, err := c.client.BatchV1().Jobs("default").Get(ctx, "once", metav1.GetOptions{})
		if err != nil || once.Status.Succeeded != 1 {
			return fmt.Errorf("job: %d succeeded: %w", once.Status.Succeeded, err)
		}
		return c.podsReady("default", "app=web", 3)(ctx)
	}
}

// checkDualStack wants an address of each family on every pod and node, out of the right networks.
func checkDualStack(t *testing.T, c *cluster) {
	t.Helper()
	pods, err := c.client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	networks := []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16"), netip.MustParsePrefix("fd00:244::/56")}
	for i := range pods.Items {
		addrs := pods.Items[i].Status.PodIPs
		if len(addrs) != 2 || !networks[0].Contains(netip.MustParseAddr(addrs[0].IP)) || !networks[1].Contains(netip.MustParseAddr(addrs[1].IP)) {
			t.Errorf("%s: addresses %v", pods.Items[i].Name, addrs)
		}
		if hosts := pods.Items[i].Status.HostIPs; len(hosts) != 2 {
			t.Errorf("%s: host addresses %v", pods.Items[i].Name, hosts)
		}
	}
	service, err := c.client.CoreV1().Services("kube-system").Get(t.Context(), "kube-dns", metav1.GetOptions{})
	if err != nil || fmt.Sprint(service.Spec.ClusterIPs) != "[10.96.0.10 fd00:96::a]" {
		t.Errorf("kube-dns: %v, %v", service.Spec.ClusterIPs, err)
	}
}

// operate does with etcd what talosctl does.
func operate(t *testing.T, c *cluster) {
	t.Helper()
	members, err := c.machines["cp-2"].kube.EtcdMembers(t.Context())
	if err != nil || len(members) != 3 {
		t.Fatalf("members: %+v, %v", members, err)
	}
	for _, m := range members {
		if !m.Leader {
			continue
		}
		next, err := c.machines[m.Hostname].kube.EtcdForfeitLeadership(t.Context())
		if err != nil || next == m.Hostname || next == "" {
			t.Errorf("leadership of %s went to %q, %v", m.Hostname, next, err)
		}
	}
	var snapshot bytes.Buffer
	if err := c.machines["cp-3"].kube.EtcdSnapshot(t.Context(), &snapshot); err != nil || snapshot.Len() < 100<<10 {
		t.Errorf("snapshot of %d bytes: %v", snapshot.Len(), err)
	}
	if err := c.machines["cp-3"].kube.EtcdRemoveMember(t.Context(), 1); status.Code(err) != codes.NotFound {
		t.Errorf("removing a member that is not there: %v", err)
	}
	config := rest.CopyConfig(c.config)
	config.Host = "https://[fd00:50::12]:6443"
	if client, err := kubernetes.NewForConfig(config); err != nil {
		t.Error(err)
	} else if _, err := client.Discovery().ServerVersion(); err != nil {
		t.Errorf("the API at its node's other address: %v", err)
	}
}

// strand deletes the pod of the node that is down: nobody there can end it.
func strand(t *testing.T, c *cluster, node string) {
	t.Helper()
	onNode := metav1.ListOptions{LabelSelector: "app=web", FieldSelector: "spec.nodeName=" + node}
	pods, err := c.client.CoreV1().Pods("default").List(t.Context(), onNode)
	if err != nil || len(pods.Items) != 1 {
		t.Fatalf("pods of %s: %d, %v", node, len(pods.Items), err)
	}
	name, grace := pods.Items[0].Name, int64(1) // zero would take the pod out of the API at once
	if err := c.client.CoreV1().Pods("default").Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &grace}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second) // nothing is to happen
	if pod, err := c.client.CoreV1().Pods("default").Get(t.Context(), name, metav1.GetOptions{}); err != nil || pod.DeletionTimestamp == nil {
		t.Errorf("the pod of a node that is down: %v", err)
	}
}

// replace resets a control plane and lets it join again, and applies a label without a reboot.
func replace(t *testing.T, c *cluster, configs *configtest.Cluster, name, other string) {
	t.Helper()
	m := c.machines[name]
	// Who leaves may have been removed already, as by an attempt whose answer was lost.
	removed, err := c.machines[other].kube.EtcdMembers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range removed {
		if member.Hostname == name {
			// etcd lets go of nobody until it has seen the others for five seconds, and one of them is back from a loss.
			c.eventually("etcd lets go of "+name, 30*time.Second, func(ctx context.Context) error {
				return c.machines[other].kube.EtcdRemoveMember(ctx, member.ID)
			})
		}
	}
	if err := m.kube.LeaveEtcd(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.kube.Shutdown(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	members, err := c.machines[other].kube.EtcdMembers(t.Context())
	if err != nil || len(members) != 2 || members[0].Hostname != other {
		t.Errorf("members after the reset: %+v, %v", members, err)
	}
	if m.kube.HasEtcdData() {
		t.Error("a wiped node has etcd data")
	}
	c.powerOn(name)
	c.eventually("a control plane that was reset joins again", 60*time.Second, func(ctx context.Context) error {
		status, err := c.fabric.Status(ctx)
		if err != nil || status.EtcdMembers != 3 || status.APIServers != 3 {
			return fmt.Errorf("%d members, %d API servers: %w", status.EtcdMembers, status.APIServers, err)
		}
		return nil
	})
	m.machine.Config = configs.Config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineNodeLabels["rack"] = "left"
		cfg.ClusterConfig.APIServerConfig.ExtraArgsConfig = meta.Args{"max-requests-inflight": meta.NewArgValue("401", nil)}
	})
	if err := m.kube.Reconfigure(t.Context(), m.machine); err != nil {
		t.Fatal(err)
	}
	c.eventually("a label comes without a reboot", 30*time.Second, func(ctx context.Context) error {
		node, err := c.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err == nil && node.Labels["rack"] != "left" {
			err = errors.New("no label yet")
		}
		return err
	})
	c.eventually("the API server runs with its new flag", 30*time.Second, func(ctx context.Context) error {
		pod, err := c.client.CoreV1().Pods("kube-system").Get(ctx, "kube-apiserver-"+name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, arg := range pod.Spec.Containers[0].Command {
			if arg == "--max-requests-inflight=401" {
				return c.podsReady("kube-system", "component=kube-apiserver", 3)(ctx)
			}
		}
		return errors.New("the mirror pod has the old flags")
	})
}
