package spec_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestJudgeChange_LetsNoStepOfARotationBeSkipped(t *testing.T) {
	const (
		accepts = "every machine accepts its certificates from now on; no machine goes down"
		issues  = "every machine and talosconfig get certificates of it; no machine goes down; save another break-glass copy, and give people another talosconfig"
		drops   = "what it issued opens nothing any more: a talosconfig or a break-glass copy of before"
	)
	for name, test := range map[string]struct {
		from, to spec.Authority
		want     []string
	}{
		"the next one is accepted": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 1, Accepted: 2}, []string{
			"warning cluster.talosCA.accepted: Talos CA 2 is made: " + accepts,
		}},
		"and issues": {spec.Authority{Issuing: 1, Accepted: 2}, spec.Authority{Issuing: 2, Accepted: 1}, []string{
			"warning cluster.talosCA.issuing: Talos CA 2 issues instead of 1: " + issues,
		}},
		"and is the only one": {spec.Authority{Issuing: 2, Accepted: 1}, spec.Authority{Issuing: 2}, []string{
			"warning cluster.talosCA.accepted: Talos CA 1 is accepted no more: " + drops,
		}},
		"the next one was accepted in vain": {spec.Authority{Issuing: 1, Accepted: 2}, spec.Authority{Issuing: 1}, []string{
			"warning cluster.talosCA.accepted: Talos CA 2 is accepted no more: " + drops,
		}},
		"the former one issues again": {spec.Authority{Issuing: 2, Accepted: 1}, spec.Authority{Issuing: 1, Accepted: 2}, []string{
			"warning cluster.talosCA.issuing: Talos CA 1 issues instead of 2: " + issues,
		}},
		"the former one for the next": {spec.Authority{Issuing: 2, Accepted: 1}, spec.Authority{Issuing: 2, Accepted: 3}, []string{
			"warning cluster.talosCA.accepted: Talos CA 1 is accepted no more: " + drops,
			"warning cluster.talosCA.accepted: Talos CA 3 is made: " + accepts,
		}},
		"one that nobody accepts issues": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 2, Accepted: 1}, []string{
			"error cluster.talosCA: authority 2 cannot issue before every machine accepts it; first apply { issuing: 1, accepted: 2 }",
		}},
		"all at once": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 2}, []string{
			"error cluster.talosCA: authority 2 cannot issue before every machine accepts it; first apply { issuing: 1, accepted: 2 }",
		}},
		"the issuing one leaves at once": {spec.Authority{Issuing: 1, Accepted: 2}, spec.Authority{Issuing: 2}, []string{
			"error cluster.talosCA: authority 1 has issued what machines work with, and cannot leave at once; first apply { issuing: 2, accepted: 1 }",
		}},
		"one is left out": {spec.Authority{Issuing: 1}, spec.Authority{Issuing: 3}, []string{
			"error cluster.talosCA: authority 3 cannot follow 1, which issues now; the next one is 2: first apply { issuing: 1, accepted: 2 }",
		}},
		"back to one that has left": {spec.Authority{Issuing: 2}, spec.Authority{Issuing: 2, Accepted: 1}, []string{
			"error cluster.talosCA: authority 1 has left, and does not come back; the next one is 3",
		}},
		"as if it had never been": {spec.Authority{Issuing: 2}, spec.Authority{Issuing: 1}, []string{
			"error cluster.talosCA: authority 1 cannot follow 2, which issues now; the next one is 3: first apply { issuing: 2, accepted: 3 }",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := stackWith(t, "home"), stackWith(t, "home")
			from.Cluster.TalosCA, to.Cluster.TalosCA = test.from, test.to
			record, err := from.Record()
			if err != nil {
				t.Fatal(err)
			}
			restored, err := spec.FromRecord("home", record)
			if err != nil {
				t.Fatal(err)
			}
			for _, from := range []*spec.Stack{from, restored} {
				if got := lines(spec.JudgeChange(from, to)); !slices.Equal(got, test.want) {
					t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
				}
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
	former, err := spec.FromRecord("home", strings.ReplaceAll(record, `"talosCA":{"issuing":1},`, ""))
	if err != nil {
		t.Fatal(err)
	}
	if former.Cluster.TalosCA != (spec.Authority{Issuing: 1}) {
		t.Errorf("%+v of %s", former.Cluster.TalosCA, record)
	}
}
