package rolltest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

const defaults = "  home-ops:nodeDefaults:\n"

func TestRoll_ChangesThreeControlPlanesOneAtATimeWhileTheClusterIsInUse(t *testing.T) {
	texts := []func(string) string{func(text string) string { return text }}
	then := func(change func(string) string) {
		before := texts[len(texts)-1]
		texts = append(texts, func(text string) string { return change(before(text)) })
	}
	then(func(text string) string {
		return strings.Replace(text, defaults, defaults+"    sysctls: { vm.max_map_count: \"524288\" }\n", 1)
	})
	then(func(text string) string {
		return strings.Replace(text, defaults, defaults+"    patches: [{ machine: { udev: { rules: ['SUBSYSTEM==\"drm\", MODE=\"0666\"'] } } }]\n", 1)
	})
	then(func(text string) string {
		return strings.Replace(text, "extensions: [", "extensions: [siderolabs/realtek-firmware, ", 1)
	})
	stack := lab(t, texts[0])
	if !inRoom(t, stack) {
		return
	}
	c := newCluster(t, stack)
	c.populate()

	for i, step := range []struct {
		name string
		down bool
	}{{"a sysctl, live", false}, {"a udev rule, with a reboot before Talos v1.14", !node.TakesAllLive(string(stack.Cluster.TalosVersion))}, {"an extension, with an upgrade", true}} {
		stack := lab(t, texts[i+1])
		c.forget()
		began := time.Now()
		asked, failed := c.whileWriting(func() { c.roll(stack) })
		most, order := c.went()
		t.Logf("%s: %.0f s, %d of %d writes failed, %d down at once, in the order %v", step.name, time.Since(began).Seconds(), failed, asked, most, order)
		want := []string{}
		if step.down {
			want = []string{"lab-1", "lab-2", "lab-3"}
		}
		if went := append([]string{}, order...); !slices.Equal(sorted(went), want) {
			t.Errorf("%s: %v went down, want %v", step.name, order, want)
		}
		if most > 1 {
			t.Errorf("%s: %d machines were down at once", step.name, most)
		}
		if failed > 0 {
			t.Errorf("%s: %d of %d writes failed", step.name, failed, asked)
		}
		c.check(stack)
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// newRoll is the roll of a stack's machines.
func (c *cluster) newRoll(stack *spec.Stack, limits roll.Limits) *roll.Roll {
	options := roll.OptionsOf(stack)
	options.Machine = func(n roll.Node) (roll.Machine, error) { return c.talos(n.Address), nil }
	options.Cluster = func(context.Context) (roll.Cluster, error) { return c.kubernetes, nil }
	options.Tell = func(line string) { c.t.Log(line) }
	options.Limits = limits
	return roll.New(options)
}

// wanted is what a node of a stack should be.
func (c *cluster) wanted(stack *spec.Stack, n spec.Node) roll.Node {
	wanted := roll.NodeOf(stack, n)
	wanted.Config = c.configOf(stack, n)
	return wanted
}

// roll has every machine changed, all at the same time, as the engine does.
func (c *cluster) roll(stack *spec.Stack) {
	r := c.newRoll(stack, roll.DefaultLimits())
	var changing sync.WaitGroup
	for _, n := range stack.Nodes {
		wanted := c.wanted(stack, n)
		changing.Go(func() {
			if err := r.Change(c.t.Context(), wanted); err != nil {
				c.t.Errorf("%s: %v", wanted.Name, err)
			}
		})
	}
	changing.Wait()
}

// whileWriting counts writes to the API at its endpoint, by a client that tries none again.
func (c *cluster) whileWriting(do func()) (asked, failed int) {
	c.t.Helper()
	return c.whileTrying(1, do)
}

// whileTrying counts writes whose connection may be cut, as it is when the VIP leaves an API server that restarts; each is
// tried so often.
func (c *cluster) whileTrying(times int, do func()) (asked, failed int) {
	config := rest.CopyConfig(c.config)
	config.QPS = -1
	// Each write has a connection of its own, as each kubectl has; one that is kept is cut whenever the VIP moves. Leader
	// election, the most impatient client in a cluster, gives up after ten seconds.
	trust, err := rest.TLSConfigFor(config)
	if err != nil {
		c.t.Fatal(err)
	}
	client, err := kubernetes.NewForConfigAndClient(config, &http.Client{
		Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			var err error
			for try := range times {
				_, err = client.CoreV1().ConfigMaps("default").Create(c.t.Context(), &corev1.ConfigMap{
					ObjectMeta: metav1.ObjectMeta{GenerateName: "write-"},
				}, metav1.CreateOptions{})
				var answered apierrors.APIStatus
				if err == nil || errors.As(err, &answered) {
					break
				}
				time.Sleep(time.Duration(try) * 100 * time.Millisecond)
			}
			asked++
			if err != nil {
				failed++
				c.t.Logf("write %d: %v", asked, err)
			}
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	})
	do()
	close(ended)
	writing.Wait()
	return asked, failed
}

// check looks at the machines and the nodes themselves.
func (c *cluster) check(stack *spec.Stack) {
	for _, n := range stack.Nodes {
		m := c.machines[n.Name]
		if got, want := m.InstalledImage(), stack.InstallerImage(n); got != want {
			c.t.Errorf("%s runs %s, not %s", n.Name, got, want)
		}
		applied := m.Applied().Machine()
		for key, value := range n.Sysctls {
			if applied.Sysctls()[key] != value {
				c.t.Errorf("%s: sysctls %v", n.Name, applied.Sysctls())
			}
		}
		if len(n.Patches) > 0 && len(applied.Udev().Rules()) != 1 {
			c.t.Errorf("%s: udev rules %v", n.Name, applied.Udev().Rules())
		}
		object, err := c.client.CoreV1().Nodes().Get(c.t.Context(), n.Name, metav1.GetOptions{})
		if err != nil || object.Spec.Unschedulable || len(object.Annotations["home-ops/cordoned-for-roll"]) > 0 {
			c.t.Errorf("%s is cordoned still: %v", n.Name, err)
		}
	}
}

// populate runs a CNI's agent, without which no node is ready, and a workload with a disruption budget.
func (c *cluster) populate() {
	c.t.Helper()
	ctx := c.t.Context()
	agent, web := map[string]string{"k8s-app": "cilium"}, map[string]string{"app": "web"}
	_, err := c.client.AppsV1().DaemonSets("kube-system").Create(ctx, &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: agent},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: agent}, Spec: corev1.PodSpec{
				HostNetwork: true, Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
				Containers: []corev1.Container{{Name: "agent", Image: "registry.example/agent:1"}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	replicas, one := int32(3), intstr.FromInt32(1)
	_, err = c.client.AppsV1().Deployments("default").Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: web},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: web}, Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "web", Image: "registry.example/web:1"}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	_, err = c.client.PolicyV1().PodDisruptionBudgets("default").Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: web}},
	}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	c.eventually("the workload runs", func(ctx context.Context) error {
		d, err := c.client.AppsV1().Deployments("default").Get(ctx, "web", metav1.GetOptions{})
		if err == nil && d.Status.ReadyReplicas != replicas {
			err = fmt.Errorf("%d of %d are ready", d.Status.ReadyReplicas, replicas)
		}
		return err
	})
}
