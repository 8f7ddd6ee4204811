package spec_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

// rotated is a kind of authority, and what a step says of it.
type rotated struct {
	path, name             string
	of                     func(*spec.Stack) *spec.Authority
	accepts, issues, drops string
}

var everyRotated = []rotated{
	{
		path: "cluster.talosCA", name: "Talos CA", of: func(s *spec.Stack) *spec.Authority { return &s.Cluster.TalosCA },
		accepts: "every machine accepts its certificates from now on; no machine goes down",
		issues:  "every machine and talosconfig get certificates of it; no machine goes down; save another break-glass copy, and give people another talosconfig",
		drops:   "what it issued opens nothing any more: a talosconfig or a break-glass copy of before",
	},
	{
		path: "cluster.kubernetesCA", name: "Kubernetes CA", of: func(s *spec.Stack) *spec.Authority { return &s.Cluster.KubernetesCA },
		accepts: "every machine accepts its certificates from now on; the API servers and the kubelets restart, one machine at a time; no machine goes down",
		issues: "the API servers get certificates of it: no pod reaches the Kubernetes API that has read the former authority, until it is restarted " +
			"(docs/runbooks/rotate.md says which, and when); no machine goes down; give people another kubeconfig, and save another break-glass copy",
		drops: "what it issued opens nothing any more: a kubeconfig of before; the API servers and the kubelets restart, one machine at a time; no machine goes down",
	},
}

// line fills in what a step says: of CA, its path and what follows.
func (r rotated) line(template string) string {
	return strings.NewReplacer("PATH", r.path, "NAME", r.name, "ACCEPTS", r.accepts, "ISSUES", r.issues, "DROPS", r.drops).Replace(template)
}

func TestJudgeChange_LetsNoStepOfARotationBeSkipped(t *testing.T) {
	for name, test := range map[string]struct {
		from, to spec.Authority
		want     []string
	}{
		"the next one is accepted": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 1, Accepted: 2}, []string{
			"warning PATH.accepted: NAME 2 is made: ACCEPTS",
		}},
		"and issues": {spec.Authority{Issuing: 1, Accepted: 2}, spec.Authority{Issuing: 2, Accepted: 1}, []string{
			"warning PATH.issuing: NAME 2 issues instead of 1: ISSUES",
		}},
		"and is the only one": {spec.Authority{Issuing: 2, Accepted: 1}, spec.Authority{Issuing: 2}, []string{
			"warning PATH.accepted: NAME 1 is accepted no more: DROPS",
		}},
		"the next one was accepted in vain": {spec.Authority{Issuing: 1, Accepted: 2}, spec.Authority{Issuing: 1}, []string{
			"warning PATH.accepted: NAME 2 is accepted no more: DROPS",
		}},
		"the former one issues again": {spec.Authority{Issuing: 2, Accepted: 1}, spec.Authority{Issuing: 1, Accepted: 2}, []string{
			"warning PATH.issuing: NAME 1 issues instead of 2: ISSUES",
		}},
		"the former one for the next": {spec.Authority{Issuing: 2, Accepted: 1}, spec.Authority{Issuing: 2, Accepted: 3}, []string{
			"warning PATH.accepted: NAME 1 is accepted no more: DROPS",
			"warning PATH.accepted: NAME 3 is made: ACCEPTS",
		}},
		"one that nobody accepts issues": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 2, Accepted: 1}, []string{
			"error PATH: authority 2 cannot issue before every machine accepts it; first apply { issuing: 1, accepted: 2 }",
		}},
		"all at once": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 2}, []string{
			"error PATH: authority 2 cannot issue before every machine accepts it; first apply { issuing: 1, accepted: 2 }",
		}},
		"the issuing one leaves at once": {spec.Authority{Issuing: 1, Accepted: 2}, spec.Authority{Issuing: 2}, []string{
			"error PATH: authority 1 has issued what machines work with, and cannot leave at once; first apply { issuing: 2, accepted: 1 }",
		}},
		"one is left out": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 3}, []string{
			"error PATH: authority 3 cannot follow 1, which issues now; the next one is 2: first apply { issuing: 1, accepted: 2 }",
		}},
		"back to one that has left": {spec.Authority{Issuing: 2}, spec.Authority{Issuing: 2, Accepted: 1}, []string{
			"error PATH: authority 1 has left, and does not come back; the next one is 3",
		}},
		"as if it had never been": {spec.Authority{Issuing: 2}, spec.Authority{Issuing: 1}, []string{
			"error PATH: authority 1 cannot follow 2, which issues now; the next one is 3: first apply { issuing: 2, accepted: 3 }",
		}},
	} {
		for _, kind := range everyRotated {
			t.Run(kind.name+"/"+name, func(t *testing.T) {
				from, to := stackWith(t, "home"), stackWith(t, "home")
				*kind.of(from), *kind.of(to) = test.from, test.to
				record, err := from.Record()
				if err != nil {
					t.Fatal(err)
				}
				restored, err := spec.FromRecord("home", record)
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				for _, template := range test.want {
					want = append(want, kind.line(template))
				}
				for _, from := range []*spec.Stack{from, restored} {
					if got := lines(spec.JudgeChange(from, to)); !slices.Equal(got, want) {
						t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
					}
				}
			})
		}
	}
}

// Workers come first when an authority of Kubernetes leaves, and last for a new release and for an authority of Talos.
func TestJudgeChange_LeavesTheKubernetesCAToAStepOfItsOwn(t *testing.T) {
	accept := func(s *spec.Stack) { s.Cluster.KubernetesCA = spec.Authority{Issuing: 1, Accepted: 2} }
	const release = "error cluster.kubernetesCA: the Kubernetes CA changes in the same step as the release of Talos or Kubernetes, " +
		"and they want the machines in another order each; change one, apply it, then the other"
	for name, test := range map[string]struct {
		too  func(*spec.Stack)
		want string
	}{
		"another Kubernetes": {func(s *spec.Stack) { s.Cluster.KubernetesVersion = "v1.36.99" }, release},
		"another Talos":      {func(s *spec.Stack) { s.Cluster.TalosVersion = "v1.14.99" }, release},
		"another Talos CA": {
			func(s *spec.Stack) { s.Cluster.TalosCA = spec.Authority{Issuing: 1, Accepted: 2} },
			"error cluster.kubernetesCA: the Kubernetes CA changes in the same step as the Talos CA, and they want the machines in another order each; change one, apply it, then the other",
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := stackWith(t, "home"), stackWith(t, "home")
			accept(to)
			test.too(to)
			if got := lines(spec.JudgeChange(from, to)); !slices.Contains(got, test.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), test.want)
			}
		})
	}
}

// What was applied before there were numbers has the first.
func TestFromRecord_HasTheFirstAuthorityWhereNoneIsWritten(t *testing.T) {
	record, err := stackWith(t, "home").Record()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"talosCA", "kubernetesCA"} {
		record = strings.ReplaceAll(record, `"`+key+`":{"issuing":1},`, "")
	}
	former, err := spec.FromRecord("home", record)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range everyRotated {
		if got := *kind.of(former); got != (spec.Authority{Issuing: 1}) || strings.Contains(record, strings.TrimPrefix(kind.path, "cluster.")) {
			t.Errorf("%s: %+v of %s", kind.path, got, record)
		}
	}
}
