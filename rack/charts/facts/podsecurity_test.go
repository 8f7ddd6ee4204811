package facts_test

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	podsecurity "k8s.io/pod-security-admission/policy"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// levels are what each namespace lets its pods do: what its label says, else what the cluster's configuration says.
func levels(t *testing.T, l landscape, stack *spec.Stack) map[string]api.Level {
	t.Helper()
	var bodies []any
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		for _, step := range part.Steps {
			if step.Object != nil {
				bodies = append(bodies, step.Object)
			}
		}
	}
	for _, o := range l.objects {
		bodies = append(bodies, o.Object)
	}
	found := map[string]api.Level{}
	for _, body := range bodies {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		var o struct {
			Kind     string            `json:"kind"`
			Metadata metav1.ObjectMeta `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &o); err != nil || o.Kind != "Namespace" {
			continue
		}
		found[o.Metadata.Name] = api.Level(stack.Cluster.APIServer.PodSecurity)
		if level := o.Metadata.Labels[api.EnforceLevelLabel]; level != "" {
			found[o.Metadata.Name] = api.Level(level)
		}
	}
	return found
}

// asPod is the pod that the facts are of, as far as pod security looks.
func asPod(p facts.Pod) *corev1.PodSpec {
	spec := &corev1.PodSpec{HostNetwork: p.HostNetwork, HostPID: p.HostPID, HostIPC: p.HostIPC, SecurityContext: p.Security}
	for _, path := range p.HostPaths {
		spec.Volumes = append(spec.Volumes, corev1.Volume{
			Name: strings.ReplaceAll(path, "/", "-"), VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}},
		})
	}
	for _, c := range p.Containers {
		container := corev1.Container{Name: c.Name, Ports: c.Ports, SecurityContext: c.Security}
		if c.Init {
			spec.InitContainers = append(spec.InitContainers, container)
		} else {
			spec.Containers = append(spec.Containers, container)
		}
	}
	return spec
}

// TestNamespaces_LetTheChartsPodsBe asks the API server's own library about each pod of the genuine charts, those of
// hooks among them.
func TestNamespaces_LetTheChartsPodsBe(t *testing.T) {
	evaluator, err := podsecurity.NewEvaluator(podsecurity.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	eachLandscape(t, func(t *testing.T, l landscape) {
		stack, problems := spec.LoadFile(project + "/Pulumi." + l.stack + ".yaml")
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		level := levels(t, l, stack)
		asked := 0
		judge := func(where, namespace string, pod facts.Pod) {
			asked++
			allowed, ok := level[namespace]
			if !ok {
				t.Errorf("%s: nothing makes its namespace %s", where, namespace)
				return
			}
			lv := api.LevelVersion{Level: allowed, Version: api.LatestVersion()}
			if verdict := podsecurity.AggregateCheckResults(evaluator.EvaluatePod(lv, &metav1.ObjectMeta{}, asPod(pod))); !verdict.Allowed {
				t.Errorf("%s: namespace %s is %s, and refuses its pods: %s", where, namespace, allowed, verdict.ForbiddenDetail())
			}
		}
		for _, use := range l.uses {
			r := releaseOf(t, use)
			for _, w := range r.Workloads {
				if namespace := first(w.Namespace, r.Namespace); namespace != metav1.NamespaceSystem {
					judge(use.Release+": "+w.Kind+" "+w.Name, namespace, w.Pod)
				}
			}
			for _, h := range r.Hooks {
				if h.Pod != nil && r.Namespace != metav1.NamespaceSystem {
					judge(use.Release+": hook "+h.Name, r.Namespace, *h.Pod)
				}
			}
		}
		if asked < 15 {
			t.Errorf("only %d pods were asked about", asked)
		}
	})
}
