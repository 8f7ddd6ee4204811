package kube_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/home-ops/home-ops/rack/kube"
	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/sandbox"
)

const (
	vip = "10.0.50.10"
	// roomEnv tells a test that it runs inside the room, and which rack-kube to use.
	roomEnv = "KUBE_TEST_BINARY"
)

// inRoom runs the test in a network namespace of its own, with these addresses. Outside it returns false once that is done.
func inRoom(t *testing.T, addresses ...string) bool {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a whole cluster")
	}
	if os.Getenv(roomEnv) != "" {
		var addrs []netip.Addr
		for _, address := range addresses {
			addrs = append(addrs, netip.MustParseAddr(address))
		}
		if err := sandbox.Furnish(sandbox.Room{Addresses: addrs, Dir: t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		return true
	}
	binary := build(t)
	err := sandbox.Seal(t.Context(), sandbox.Command{
		Path: os.Args[0], Args: []string{"-test.run=^" + t.Name() + "$", "-test.v=" + strconv.FormatBool(testing.Verbose()), "-test.timeout=5m"},
		Env: append(os.Environ(), roomEnv+"="+binary), Stdout: os.Stdout, Stderr: os.Stderr, Grace: 5 * time.Second,
	})
	if errors.Is(err, sandbox.ErrNoNamespaces) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return false
}

func build(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(cache, "home-ops-rack", "test", "rack-kube")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "-ldflags", "-X k8s.io/component-base/version.gitVersion=v"+
		configtest.KubernetesVersion, "../cmd/rack-kube")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building rack-kube: %v\n%s", err, out)
	}
	return binary
}

// cluster is a fabric and the machines on it.
type cluster struct {
	t        *testing.T
	fabric   *kube.Fabric
	machines map[string]*fakeMachine
	config   *rest.Config
	client   kubernetes.Interface
}

// fakeMachine does what a simulated Talos node does with its Kubernetes.
type fakeMachine struct {
	kube    *kube.Node
	machine node.Machine
	cut     context.CancelFunc
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	fabric, err := kube.NewFabric(kube.Options{Binary: os.Getenv(roomEnv), Dir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		fabric.Close()
		if left := memory(); left != "" {
			t.Errorf("processes are left: %s", left)
		}
	})
	return &cluster{t: t, fabric: fabric, machines: map[string]*fakeMachine{}}
}

// alone is a cluster of one control plane, cp-1, that has been bootstrapped.
func alone(t *testing.T) (*cluster, *configtest.Cluster) {
	t.Helper()
	configs := configtest.New(t, "https://"+vip+":6443", configtest.VIP(vip))
	c := newCluster(t)
	c.add(configs, machine.TypeControlPlane, "cp-1", "10.0.50.11")
	if err := c.machines["cp-1"].kube.Bootstrap(t.Context(), node.Recovery{}); err != nil {
		t.Fatal(err)
	}
	c.waitReady("cp-1")
	return c, configs
}

func (c *cluster) add(configs *configtest.Cluster, role machine.Type, name string, addresses ...string) {
	c.t.Helper()
	m := &fakeMachine{kube: c.fabric.Node(name), machine: node.Machine{
		Name: name, Dir: filepath.Join(c.t.TempDir(), name), Config: configs.Config(c.t, role), TalosVersion: "v1.11.1", Arch: "amd64", BootID: "1",
	}}
	for _, address := range addresses {
		m.machine.Addresses = append(m.machine.Addresses, netip.MustParseAddr(address))
	}
	c.machines[name] = m
	c.powerOn(name)
}

func (c *cluster) powerOn(name string) {
	c.t.Helper()
	ctx, cut := context.WithCancel(context.Background())
	c.machines[name].cut = cut
	if err := c.machines[name].kube.Boot(ctx, c.machines[name].machine); err != nil {
		c.t.Fatal(err)
	}
}

// plugOut cuts a machine's power.
func (c *cluster) plugOut(name string) {
	c.machines[name].cut()
	_ = c.machines[name].kube.Shutdown(context.Background(), false)
}

// waitReady waits for the fabric, and opens a client on the kubeconfig that the node hands out.
func (c *cluster) waitReady(from string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 90*time.Second)
	defer cancel()
	if err := c.fabric.WaitReady(ctx); err != nil {
		c.logs()
		c.t.Fatal(err)
	}
	kubeconfig, err := c.machines[from].kube.Kubeconfig(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		c.t.Fatal(err)
	}
	config.Timeout, config.WarningHandler = 5*time.Second, rest.NoWarnings{}
	c.config = config
	if c.client, err = kubernetes.NewForConfig(config); err != nil {
		c.t.Fatal(err)
	}
}

// eventually tries until there is no error.
func (c *cluster) eventually(what string, within time.Duration, try func(ctx context.Context) error) {
	c.t.Helper()
	began := time.Now()
	var err error
	for time.Since(began) < within {
		if err = try(c.t.Context()); err == nil {
			c.t.Logf("%s: after %.1f s", what, time.Since(began).Seconds())
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.logs()
	c.t.Fatalf("%s: not within %s: %v", what, within, err)
}

// logs shows the end of every log there is.
func (c *cluster) logs() {
	for name, m := range c.machines {
		files, _ := filepath.Glob(filepath.Join(m.machine.Dir, "log", "*.log"))
		for _, file := range files {
			content, _ := os.ReadFile(file)
			lines := strings.Split(strings.TrimSpace(string(content)), "\n")
			c.t.Logf("%s %s:\n%s", name, filepath.Base(file), strings.Join(lines[max(0, len(lines)-12):], "\n"))
		}
	}
}

// write creates an object, which needs a quorum.
func (c *cluster) write(ctx context.Context) error {
	_, err := c.client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "probe-"},
	}, metav1.CreateOptions{})
	return err
}

func (c *cluster) nodesReady(want bool) func(context.Context) error {
	return func(ctx context.Context) error {
		nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(nodes.Items) != len(c.machines) {
			return fmt.Errorf("%d nodes, want %d", len(nodes.Items), len(c.machines))
		}
		for i := range nodes.Items {
			n := &nodes.Items[i]
			for _, condition := range n.Status.Conditions {
				if ready := condition.Status == corev1.ConditionTrue; condition.Type == corev1.NodeReady && ready != want {
					return fmt.Errorf("%s: ready is %t: %s", n.Name, ready, condition.Message)
				}
			}
			if len(n.Spec.PodCIDRs) == 0 {
				return fmt.Errorf("%s has no pod network", n.Name)
			}
		}
		return nil
	}
}

// podsReady wants this many ready pods with the label, and returns an error that names the first that is not.
func (c *cluster) podsReady(namespace, selector string, want int) func(context.Context) error {
	return func(ctx context.Context) error {
		pods, err := c.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return err
		}
		ready := 0
		for i := range pods.Items {
			if pods.Items[i].DeletionTimestamp != nil {
				return fmt.Errorf("%s is ending", pods.Items[i].Name)
			}
			for _, condition := range pods.Items[i].Status.Conditions {
				if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
					ready++
				}
			}
		}
		if ready != want || len(pods.Items) != want {
			return fmt.Errorf("%s: %d of %d pods are ready, want %d", selector, ready, len(pods.Items), want)
		}
		return nil
	}
}

// agent is a DaemonSet that looks like a CNI's agent.
func agent() *appsv1.DaemonSet {
	labels := map[string]string{"k8s-app": "cilium"}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium", Namespace: "kube-system"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					HostNetwork: true, Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
					InitContainers: []corev1.Container{{Name: "config", Image: "quay.io/cilium/cilium:v1.18.2"}},
					Containers:     []corev1.Container{{Name: "cilium-agent", Image: "quay.io/cilium/cilium:v1.18.2"}},
				},
			},
		},
	}
}
