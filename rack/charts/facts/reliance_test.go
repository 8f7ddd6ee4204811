package facts_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/uses"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// pods are what a workload makes, wherever it comes from.
type pods struct {
	where, namespace string
	labels           map[string]string
	ports            []corev1.ContainerPort
}

// landscape is what a stack's charts and tree have that routes, monitors and policies can be about.
type landscape struct {
	stack    string
	uses     []uses.Use
	services map[string]facts.Service // by NAMESPACE/NAME
	pods     []pods
	objects  []gitops.Object
}

// looked are the landscapes that were looked at, each once: that takes seconds.
var looked = map[string]landscape{}

// eachLandscape runs a test for every stack.
func eachLandscape(t *testing.T, test func(t *testing.T, l landscape)) {
	t.Helper()
	files, err := filepath.Glob(project + "/spec/spectest/testdata/Pulumi.*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		stack, problems := spec.LoadFile(file)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		t.Run(stack.Name, func(t *testing.T) {
			if _, ok := looked[stack.Name]; !ok {
				looked[stack.Name] = look(t, stack)
			}
			test(t, looked[stack.Name])
		})
	}
}

func look(t *testing.T, stack *spec.Stack) landscape {
	t.Helper()
	l := landscape{stack: stack.Name, services: map[string]facts.Service{}}
	var err error
	if l.uses, err = uses.Of(stack, project); err != nil {
		t.Fatal(err)
	}
	for _, use := range l.uses {
		f, err := facts.Of(use.Chart(), use.Version)
		if err != nil {
			t.Fatal(err)
		}
		r := f.Release(use.Release, use.Stack)
		for _, s := range r.Services {
			l.services[first(s.Namespace, r.Namespace)+"/"+s.Name] = s
		}
		for _, w := range r.Workloads {
			p := pods{where: w.Kind + " " + w.Name, namespace: first(w.Namespace, r.Namespace), labels: w.Labels}
			for _, c := range w.Containers {
				p.ports = append(p.ports, c.Ports...)
			}
			l.pods = append(l.pods, p)
		}
		l.pods = append(l.pods, ofOperator(r)...)
	}
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := uses.Tree(parts, project)
	if err != nil {
		t.Fatal(err)
	}
	l.objects = cluster.Objects
	for _, o := range cluster.Objects {
		switch o.GetKind() {
		case "Service":
			var s corev1.Service
			convert(t, o, &s)
			l.services[s.Namespace+"/"+s.Name] = facts.Service{Name: s.Name, Labels: s.Labels, Ports: s.Spec.Ports}
		case "Deployment", "DaemonSet", "StatefulSet", "CronJob":
			l.pods = append(l.pods, treePods(t, o))
		case "ReplicationSource":
			// The mover's pod (https://github.com/backube/volsync, internal/controller/utils).
			l.pods = append(l.pods, pods{
				where: "mover of " + o.GetName(), namespace: o.GetNamespace(),
				labels: map[string]string{"app.kubernetes.io/created-by": "volsync"},
			})
		}
	}
	return l
}

// ofOperator are the pods that Prometheus' operator makes of a release's objects
// (https://github.com/prometheus-operator/prometheus-operator, pkg/prometheus/server/statefulset.go).
func ofOperator(r *facts.Release) []pods {
	var found []pods
	for _, object := range r.Others {
		if name, ok := strings.CutPrefix(object, "Prometheus/"); ok {
			found = append(found, pods{
				where: "StatefulSet prometheus-" + name, namespace: r.Namespace,
				labels: map[string]string{"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": name},
				ports:  []corev1.ContainerPort{{Name: "http-web", ContainerPort: 9090}},
			})
		}
		if name, ok := strings.CutPrefix(object, "Alertmanager/"); ok {
			found = append(found, pods{
				where: "StatefulSet alertmanager-" + name, namespace: r.Namespace,
				labels: map[string]string{"app.kubernetes.io/name": "alertmanager", "alertmanager": name},
				ports:  []corev1.ContainerPort{{Name: "http-web", ContainerPort: 9093}},
			})
		}
	}
	return found
}

func first(values ...string) string {
	return values[slices.IndexFunc(values, func(v string) bool { return v != "" })]
}

func convert(t *testing.T, o gitops.Object, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
		t.Fatalf("%s: %v", o.Where(), err)
	}
}

// treePods are those of a workload that the tree has itself.
func treePods(t *testing.T, o gitops.Object) pods {
	t.Helper()
	path := []string{"spec", "template"}
	if o.GetKind() == "CronJob" {
		path = []string{"spec", "jobTemplate", "spec", "template"}
	}
	raw, _, err := unstructured.NestedMap(o.Object, path...)
	if err != nil {
		t.Fatalf("%s: %v", o.Where(), err)
	}
	var template corev1.PodTemplateSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &template); err != nil {
		t.Fatalf("%s: %v", o.Where(), err)
	}
	p := pods{where: o.Where(), namespace: o.GetNamespace(), labels: template.Labels}
	for _, c := range template.Spec.Containers {
		p.ports = append(p.ports, c.Ports...)
	}
	return p
}

// route is an HTTPRoute as far as it matters here.
type route struct {
	Spec struct {
		Rules []struct {
			BackendRefs []struct {
				Name string `json:"name"`
				Port int32  `json:"port"`
			} `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
}

func TestRoutes_LeadToPortsOfServicesThatTheChartsHave(t *testing.T) {
	eachLandscape(t, func(t *testing.T, l landscape) {
		routes := 0
		for _, o := range l.objects {
			if o.GetKind() != "HTTPRoute" {
				continue
			}
			var r route
			convert(t, o, &r)
			for _, rule := range r.Spec.Rules {
				for _, backend := range rule.BackendRefs {
					routes++
					service, ok := l.services[o.GetNamespace()+"/"+backend.Name]
					if !ok {
						t.Errorf("%s: there is no Service %s; there are %v", o.Where(), backend.Name, l.servicesIn(o.GetNamespace()))
						continue
					}
					if !slices.ContainsFunc(service.Ports, func(p corev1.ServicePort) bool { return p.Port == backend.Port }) {
						t.Errorf("%s: the Service %s has no port %d", o.Where(), backend.Name, backend.Port)
					}
				}
			}
		}
		if routes == 0 {
			t.Error("there is no route")
		}
	})
}

func (l landscape) servicesIn(namespace string) []string {
	var found []string
	for name := range maps.Keys(l.services) {
		if rest, ok := strings.CutPrefix(name, namespace+"/"); ok {
			found = append(found, rest)
		}
	}
	slices.Sort(found)
	return found
}

// monitor is a ServiceMonitor or a PodMonitor as far as it matters here.
type monitor struct {
	Spec struct {
		NamespaceSelector struct {
			MatchNames []string `json:"matchNames"`
		} `json:"namespaceSelector"`
		Selector            metav1.LabelSelector `json:"selector"`
		Endpoints           []endpoint           `json:"endpoints"`
		PodMetricsEndpoints []endpoint           `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

type endpoint struct {
	Port string `json:"port"`
}

// byOperators are namespaces in which an operator makes what is looked at, and no chart.
var byOperators = map[string]string{"flux-system": "flux-operator makes the controllers", "rook-ceph": "Rook makes Ceph's daemons"}

// silent are pods beside monitored ones that have nothing to tell.
var silent = map[string]string{
	"Deployment onepassword-connect":          "its metrics are behind its API's port, which has no name",
	"Deployment cert-manager-startupapicheck": "a job",
}

func TestMonitors_FindPortsThatTheChartsHave(t *testing.T) {
	eachLandscape(t, func(t *testing.T, l landscape) {
		found := 0
		for _, o := range l.objects {
			if o.GetKind() != "ServiceMonitor" && o.GetKind() != "PodMonitor" {
				continue
			}
			found++
			var m monitor
			convert(t, o, &m)
			selector, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
			if err != nil {
				t.Fatal(err)
			}
			for _, namespace := range m.Spec.NamespaceSelector.MatchNames {
				if byOperators[namespace] != "" {
					continue
				}
				for _, problem := range l.unscraped(namespace, selector, slices.Concat(m.Spec.Endpoints, m.Spec.PodMetricsEndpoints), o.GetKind()) {
					t.Errorf("%s: %s", o.Where(), problem)
				}
			}
		}
		if found == 0 {
			t.Error("there is no monitor")
		}
	})
}

// unscraped are ports that nothing has, and pods none of whose ports are asked for.
func (l landscape) unscraped(namespace string, selector labels.Selector, endpoints []endpoint, kind string) []string {
	named := map[string][]string{}
	if kind == "ServiceMonitor" {
		for name, s := range l.services {
			if strings.HasPrefix(name, namespace+"/") && selector.Matches(labels.Set(s.Labels)) {
				for _, p := range s.Ports {
					named["Service "+s.Name] = append(named["Service "+s.Name], p.Name)
				}
			}
		}
	} else {
		for _, p := range l.pods {
			if p.namespace == namespace && selector.Matches(labels.Set(p.labels)) && silent[p.where] == "" {
				named[p.where] = []string{}
				for _, port := range p.ports {
					named[p.where] = append(named[p.where], port.Name)
				}
			}
		}
	}
	var problems []string
	for _, e := range endpoints {
		asked := func(ports []string) bool { return slices.Contains(ports, e.Port) }
		if !slices.ContainsFunc(slices.Collect(maps.Values(named)), asked) {
			problems = append(problems, fmt.Sprintf("nothing that it selects has a port %s: %v", e.Port, named))
		}
	}
	for _, where := range slices.Sorted(maps.Keys(named)) {
		if kind == "PodMonitor" && !slices.ContainsFunc(endpoints, func(e endpoint) bool { return slices.Contains(named[where], e.Port) }) {
			problems = append(problems, fmt.Sprintf("%s is selected, but of its ports %v none is asked", where, named[where]))
		}
	}
	return problems
}

func TestHealthChecks_NameWorkloadsThatTheChartsHave(t *testing.T) {
	eachLandscape(t, func(t *testing.T, l landscape) {
		for _, o := range l.objects {
			checks, _, _ := unstructured.NestedSlice(o.Object, "spec", "healthChecks")
			for _, raw := range checks {
				check := raw.(map[string]any)
				if kind := check["kind"].(string); kind != "Deployment" && kind != "DaemonSet" && kind != "StatefulSet" {
					continue
				}
				where := fmt.Sprintf("%s %s", check["kind"], check["name"])
				if !slices.ContainsFunc(l.pods, func(p pods) bool { return p.where == where && p.namespace == check["namespace"] }) {
					t.Errorf("%s: nothing makes the %s in %s", o.Where(), where, check["namespace"])
				}
			}
		}
	})
}
