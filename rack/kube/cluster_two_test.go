package kube_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
	"github.com/home-ops/home-ops/rack/node"
)

func TestCluster_OfTwoControlPlanesNeedsBoth(t *testing.T) {
	if !inRoom(t, vip, "10.0.50.11", "10.0.50.12", "10.0.50.21") {
		return
	}
	configs := configtest.New(t, "https://"+vip+":6443", configtest.VIP(vip))
	c := newCluster(t)
	c.add(configs, machine.TypeControlPlane, "cp-1", "10.0.50.11")
	c.add(configs, machine.TypeControlPlane, "cp-2", "10.0.50.12")
	c.add(configs, machine.TypeWorker, "worker-1", "10.0.50.21")

	bootstrap(t, c)
	began := time.Now()
	c.waitReady("cp-2")
	t.Logf("cluster ready %.1f s after its bootstrap", time.Since(began).Seconds())
	c.eventually("nodes are registered and not ready", 30*time.Second, c.nodesReady(false))
	state, err := c.fabric.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if state.APIServers != 2 || state.EtcdMembers != 2 || len(state.Nodes) != 3 || state.Version != "v"+configtest.KubernetesVersion {
		t.Errorf("status = %+v", state)
	}
	c.eventually("control plane is mirrored as pods", 20*time.Second, c.podsReady("kube-system", "tier=control-plane", 6))

	if _, err := c.client.AppsV1().DaemonSets("kube-system").Create(t.Context(), agent(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.eventually("nodes are ready once the CNI's agent runs", 30*time.Second, c.nodesReady(true))
	c.eventually("CoreDNS runs", 30*time.Second, c.podsReady("kube-system", "k8s-app=kube-dns", 2))
	checkPods(t, c)
	t.Logf("memory: %s", memory())

	c.plugOut("cp-1")
	c.eventually("without quorum nothing is written", 10*time.Second, func(ctx context.Context) error {
		if c.write(ctx) == nil {
			return errors.New("a write succeeded")
		}
		return nil
	})
	for range 3 {
		if c.write(t.Context()) == nil {
			t.Error("a write succeeded without a quorum")
		}
	}
	c.powerOn("cp-1")
	c.eventually("with the quorum writes are back", 60*time.Second, c.write)
	c.eventually("nodes are ready again", 30*time.Second, c.nodesReady(true))
	c.eventually("CoreDNS runs again", 60*time.Second, c.podsReady("kube-system", "k8s-app=kube-dns", 2))
}

// bootstrap tries what must not work, then does it.
func bootstrap(t *testing.T, c *cluster) {
	t.Helper()
	wantCode := func(name string, want codes.Code) {
		t.Helper()
		if err := c.machines[name].kube.Bootstrap(t.Context(), node.Recovery{}); status.Code(err) != want {
			t.Errorf("bootstrap of %s: %v, want %v", name, err, want)
		}
	}
	wantCode("worker-1", codes.FailedPrecondition)
	if services := c.machines["cp-1"].kube.Services(); services[0].ID != "etcd" || services[0].State != "Preparing" {
		t.Errorf("before the bootstrap: %+v", services)
	}
	wantCode("cp-1", codes.OK)
	wantCode("cp-1", codes.AlreadyExists)
}

// checkPods looks at addresses and security: what a real node and Talos's config would give.
func checkPods(t *testing.T, c *cluster) {
	t.Helper()
	pods, err := c.client.CoreV1().Pods("kube-system").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		inPodNetwork := strings.HasPrefix(pod.Status.PodIP, "10.244.")
		if pod.Spec.HostNetwork == inPodNetwork || pod.Status.HostIP == "" {
			t.Errorf("%s: address %q, host %q, host network %t", pod.Name, pod.Status.PodIP, pod.Status.HostIP, pod.Spec.HostNetwork)
		}
	}
	service, err := c.client.CoreV1().Services("kube-system").Get(t.Context(), "kube-dns", metav1.GetOptions{})
	if err != nil || service.Spec.ClusterIP != "10.96.0.10" {
		t.Errorf("kube-dns: %v, %v", service.Spec.ClusterIP, err)
	}
	privileged := agent()
	privileged.Namespace, privileged.Spec.Template.Spec.NodeName = "default", "worker-1"
	warned, err := c.client.AppsV1().DaemonSets("default").Create(t.Context(), privileged, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.eventually("PodSecurity of the machine config refuses host network in default", 10*time.Second, func(ctx context.Context) error {
		events, err := c.client.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "reason=FailedCreate"})
		if err != nil {
			return err
		}
		for i := range events.Items {
			if strings.Contains(events.Items[i].Message, `violates PodSecurity "baseline`) {
				return c.client.AppsV1().DaemonSets("default").Delete(ctx, warned.Name, metav1.DeleteOptions{})
			}
		}
		return fmt.Errorf("%d events, none of PodSecurity", len(events.Items))
	})
}
