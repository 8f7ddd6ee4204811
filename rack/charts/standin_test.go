package charts

import (
	"bytes"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"helm.sh/helm/v3/pkg/chart/loader"
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/uses"
	"github.com/home-ops/home-ops/rack/sample"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// Pod security judges a stand-in's pods as it would the genuine ones.
func TestStandIns_ReachForNodesAsTheGenuineChartsDo(t *testing.T) {
	dir := definitions(t)
	for _, name := range []string{"home", "lab", "home with the tested Rook"} {
		of, _, tested := strings.Cut(name, " with ")
		stack := sample.Stack(t, of)
		if tested {
			stack.Versions.RookCeph = spec.Tested().RookCeph
		}
		root := sample.Root(t, "../..", stack)
		parts, err := stacks.Plan(stack)
		if err != nil {
			t.Fatal(err)
		}
		all, err := All(parts.Charts(), stack.Versions, os.DirFS("../../kubernetes"), Options{CRDs: dir})
		if err != nil {
			t.Fatal(err)
		}
		made, err := uses.Of(stack, root)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range made {
			t.Run(name+"/"+use.Release, func(t *testing.T) { compareWithFacts(t, all, use) })
		}
	}
}

// byOperators are workloads that the chart's operator makes in life, and the stand-in in the rack.
var byOperators = map[string]bool{"alertmanager-kube-prometheus-stack": true, "prometheus-kube-prometheus-stack": true}

// sameSecurity compares security contexts, of which an empty one is the same as none.
var sameSecurity = cmp.Options{cmp.Comparer(same[corev1.PodSecurityContext]), cmp.Comparer(same[corev1.SecurityContext])}

func same[T any](a, b *T) bool {
	empty := func(s *T) bool { return s == nil || reflect.ValueOf(*s).IsZero() }
	return empty(a) && empty(b) || reflect.DeepEqual(a, b)
}

func compareWithFacts(t *testing.T, all []Chart, use uses.Use) {
	t.Helper()
	if !slices.Contains(facts.Versions(use.Chart()), use.Version) {
		t.Skip("nobody has recorded this version, which fails a test of its own")
	}
	recorded, err := facts.Of(use.Chart(), use.Version)
	if err != nil {
		t.Fatal(err)
	}
	genuine := recorded.Release(use.Release, use.Stack)
	i := slices.IndexFunc(all, func(c Chart) bool { return c.Place == use.Place && c.Version == use.Version })
	if i < 0 || genuine == nil {
		t.Fatalf("chart %d, facts %v", i, genuine)
	}
	packed, err := loader.LoadArchive(bytes.NewReader(all[i].Archive))
	if err != nil {
		t.Fatal(err)
	}
	standIn, err := facts.Record(packed, []uses.Use{use}, "a stand-in")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range genuine.Workloads {
		if !slices.ContainsFunc(standIn.Releases[0].Workloads, func(w facts.Workload) bool { return w.Kind == want.Kind && w.Name == want.Name }) {
			t.Errorf("the stand-in has no %s %s", want.Kind, want.Name)
		}
	}
	for _, got := range standIn.Releases[0].Services {
		at := slices.IndexFunc(genuine.Services, func(s facts.Service) bool { return s.Name == got.Name })
		if at < 0 {
			t.Errorf("the genuine chart has no Service %s", got.Name)
			continue
		}
		if diff := cmp.Diff(genuine.Services[at], got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Service %s (-genuine +stand-in):\n%s", got.Name, diff)
		}
	}
	for _, want := range genuine.Services {
		if !slices.ContainsFunc(standIn.Releases[0].Services, func(s facts.Service) bool { return s.Name == want.Name }) {
			t.Errorf("the stand-in has no Service %s", want.Name)
		}
	}
	if diff := cmp.Diff(genuine.APIServices, standIn.Releases[0].APIServices, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("APIServices (-genuine +stand-in):\n%s", diff)
	}
	for _, got := range standIn.Releases[0].Workloads {
		if byOperators[got.Name] {
			continue
		}
		at := slices.IndexFunc(genuine.Workloads, func(w facts.Workload) bool { return w.Kind == got.Kind && w.Name == got.Name })
		if at < 0 {
			t.Errorf("the genuine chart has no %s %s", got.Kind, got.Name)
			continue
		}
		want := genuine.Workloads[at]
		ignored := cmpopts.IgnoreFields(facts.Workload{}, "Containers")
		if diff := cmp.Diff(want, got, ignored, sameSecurity, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s %s (-genuine +stand-in):\n%s", got.Kind, got.Name, diff)
		}
		for _, c := range got.Containers {
			j := slices.IndexFunc(want.Containers, func(w facts.Container) bool { return w.Name == c.Name })
			if j < 0 {
				t.Errorf("%s %s: the genuine one has no container %s", got.Kind, got.Name, c.Name)
				continue
			}
			if diff := cmp.Diff(want.Containers[j], c, sameSecurity, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s %s, container %s (-genuine +stand-in):\n%s", got.Kind, got.Name, c.Name, diff)
			}
		}
	}
}
