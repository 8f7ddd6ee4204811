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

// What others rely on is as in the genuine charts: names, labels, ports, accounts, where pods may go and what they may do there.
func TestStandIns_AreAsTheFactsOfTheGenuineCharts(t *testing.T) {
	dir := definitions(t)
	met := map[string]bool{}
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
			t.Run(name+"/"+use.Release, func(t *testing.T) { compareWithFacts(t, all, use, met) })
		}
	}
	if t.Failed() {
		return
	}
	for what := range exceptions {
		if !met[what] {
			t.Errorf("%s is an exception that nothing needs", what)
		}
	}
}

// exceptions are what a stand-in has beyond the facts of its chart (+) and what it leaves out of them (-), and why.
var exceptions = map[string]string{
	"- APIService v1beta1.metrics.k8s.io": "nobody answers for it, and such a one keeps namespaces from going",

	"- MutatingWebhookConfiguration webhook.cert-manager.io":                             noServer,
	"- ValidatingWebhookConfiguration webhook.cert-manager.io":                           noServer,
	"- ValidatingWebhookConfiguration validate.externalsecret.external-secrets.io":       noServer,
	"- ValidatingWebhookConfiguration validate.clustersecretstore.external-secrets.io":   noServer,
	"- ValidatingWebhookConfiguration validate.secretstore.external-secrets.io":          noServer,
	"- MutatingWebhookConfiguration prometheusrulemutate.monitoring.coreos.com":          noServer,
	"- ValidatingWebhookConfiguration prometheusrulevalidate.monitoring.coreos.com":      noServer,
	"- ValidatingWebhookConfiguration alertmanagerconfigsvalidate.monitoring.coreos.com": noServer,

	"- Job cert-manager-startupapicheck, a hook":               "it asks the webhook",
	"- ServiceAccount cert-manager-startupapicheck, a hook":    "the job's",
	"- Job kube-prometheus-stack-admission-create, a hook":     "it makes the certificate of the webhook's server",
	"- Job kube-prometheus-stack-admission-patch, a hook":      "it has the webhook trust that certificate",
	"- ServiceAccount kube-prometheus-stack-admission, a hook": "the jobs'",

	"- Job longhorn-pre-upgrade, a hook":  nodesFiles,
	"- Job longhorn-post-upgrade, a hook": nodesFiles,
	"- Job longhorn-uninstall, a hook":    nodesFiles,
	"- DaemonSet spegel-cleanup, a hook":  nodesFiles,
	"- Pod spegel-cleanup-wait, a hook":   "it waits for spegel-cleanup",
	"- Service spegel-cleanup, a hook":    "that of spegel-cleanup",
}

const (
	noServer   = "its server does not run, and requests that it is asked about would fail"
	nodesFiles = "it is about what programs leave on nodes, where none runs"
)

// compareWithFacts tells of every difference that is no exception. The exceptions that it needs are put into met.
func compareWithFacts(t *testing.T, all []Chart, use uses.Use, met map[string]bool) {
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
	record, err := facts.Record(packed, []uses.Use{use}, "a stand-in")
	if err != nil {
		t.Fatal(err)
	}
	want, got := parts(genuine), parts(&record.Releases[0])
	for name, part := range got {
		genuine, ok := want[name]
		if !ok {
			except(t, met, "+ "+name)
			continue
		}
		if diff := cmp.Diff(genuine, part, alike); diff != "" {
			t.Errorf("%s (-genuine +stand-in):\n%s", name, diff)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			except(t, met, "- "+name)
		}
	}
}

func except(t *testing.T, met map[string]bool, what string) {
	t.Helper()
	if exceptions[what] == "" {
		t.Errorf("%s (- is in the genuine chart alone, + in the stand-in alone)", what)
	}
	met[what] = true
}

// parts are what a release is made of, as far as others rely on it, by kind and name.
func parts(r *facts.Release) map[string]any {
	all := map[string]any{}
	// A name that is there twice is another part: the API server would refuse it, or one would undo the other.
	add := func(name string, part any) {
		for all[name] != nil {
			name += ", again"
		}
		all[name] = part
	}
	for _, w := range r.Workloads {
		// Of these facts say no more than whether they are there. Charts have some by themselves, and stand-ins only what a
		// release's values ask for.
		w.HasAffinity, w.HasTopologySpread = false, false
		add(w.Kind+" "+w.Name, w)
	}
	for _, s := range r.Services {
		add("Service "+s.Name, s)
	}
	for _, name := range r.ServiceAccounts {
		add("ServiceAccount "+name, true)
	}
	for _, w := range r.Webhooks {
		add(w.Kind+" "+w.Name, w)
	}
	for _, name := range r.APIServices {
		add("APIService "+name, true)
	}
	for _, other := range r.Others {
		if name, ok := strings.CutPrefix(other, "PriorityClass/"); ok {
			add("PriorityClass "+name, true)
		}
	}
	for _, h := range r.Hooks {
		// Roles and settings of hooks are nothing without their pods; tests are asked for by people alone.
		if (h.Pod != nil || strings.HasPrefix(h.Kind, "Service")) && !slices.Contains(h.Events, "test") {
			if h.Pod != nil {
				pod := *h.Pod
				pod.HasAffinity = false
				h.Pod = &pod
			}
			add(h.Kind+" "+h.Name+", a hook", h)
		}
	}
	return all
}

var alike = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(same[corev1.PodSecurityContext]), cmp.Comparer(same[corev1.SecurityContext])}

// same compares security contexts, of which an empty one is the same as none.
func same[T any](a, b *T) bool {
	empty := func(s *T) bool { return s == nil || reflect.ValueOf(*s).IsZero() }
	return empty(a) && empty(b) || reflect.DeepEqual(a, b)
}
