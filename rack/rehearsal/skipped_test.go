package rehearsal

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// A cabin with one machine has no gateway, and nothing that wants an address; that is no fault of it, and nothing was looked at.
func TestChecks_SkipWhatAStackDoesNotHave(t *testing.T) {
	b := newBroken(t)
	b.stack.Cilium.Pools, b.stack.Edge.Gateways, b.stack.Storage = nil, spec.Gateways{}, spec.Storage{}
	b.list(servicesPath)
	for name, c := range map[string]struct {
		why  string
		look func(context.Context, *cluster) (string, error)
	}{
		"private": {"the stack has no internal gateway", b.checkPrivate}, "stray": {"the stack has no pool", b.checkStrayAddress},
		"services": {"no service wants one, and the stack has no gateway", b.checkLoadBalancers}, "public": {"nothing is public: the stack has no tunnel", b.checkPublic},
		"Ceph": {"the stack has none", b.checkCeph}, "ZFS": {"the stack has none", b.checkZFS}, "Longhorn": {"the stack has none", b.checkLonghorn},
		"whole": {"the stack has no storage that keeps copies", b.checkWhole}, "records": {"nothing is public: the stack has no zone", b.checkRecords},
		"sealed": {"the stack does without SOPS", b.checkSOPS}, "found": {"each has a reservation in this rehearsal", b.checkFound},
	} {
		b.run(t.Context(), b.cluster, []check{{name, c.look}})
		got := b.report.Checks[len(b.report.Checks)-1]
		got.Seconds = 0
		if want := (report.Check{Name: name, OK: true, Skipped: true, Detail: c.why}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if err := b.changeSetting(t.Context()); err != nil || !b.report.Checks[len(b.report.Checks)-1].Skipped {
		t.Errorf("%+v, %v", b.report.Checks[len(b.report.Checks)-1], err)
	}
	b.stack.Storage.Longhorn, b.config.Keep = &spec.Longhorn{}, true
	if err := b.changeSetting(t.Context()); err != nil || b.report.Checks[len(b.report.Checks)-1].Detail != "a rack that is left up is as the stack file makes it" {
		t.Errorf("%+v, %v", b.report.Checks[len(b.report.Checks)-1], err)
	}
	b.list(servicesPath, balanced("web", "192.0.2.7"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := b.checkLoadBalancers(ctx, b.cluster); err == nil || !strings.Contains(err.Error(), "lies in no pool") {
		t.Errorf("somebody gave an address: %v", err)
	}
}

// What is skipped beside something that is wrong hides nothing.
func TestAddChecked_IsRedForMoreThanASkip(t *testing.T) {
	b := newBroken(t)
	b.addChecked("a line", "", errors.Join(skipped("the stack has none"), errors.New("it is wrong")))
	if got := b.report.Checks[0]; got.OK || got.Skipped {
		t.Errorf("got %+v", got)
	}
}

// Of two control planes the one that is left cannot write; where a third is, somebody has to.
func TestAnswers_AreNotLookedAtWithoutAQuorum(t *testing.T) {
	for _, c := range []struct {
		quorum  bool
		failed  int
		ok, not bool
	}{{true, 0, true, false}, {true, 1, false, false}, {false, 0, true, false}, {false, 1, true, true}} {
		b := newBroken(t)
		b.answers(report.Step{Name: "a step", APIAsked: 10, APIFailed: c.failed}, c.quorum)
		if got := b.report.Checks[0]; got.OK != c.ok || got.Skipped != c.not {
			t.Errorf("%+v: got %+v", c, got)
		}
	}
}

// A Flux that watches the settings is quick, and one that is asked by its operator is not.
func TestInTime_IsLongerForAFluxThatDoesNotWatch(t *testing.T) {
	b := newBroken(t)
	for _, c := range []struct {
		flux    spec.Version
		seconds float64
		want    string
	}{
		{"v2.7.0", 29, ""}, {"v2.7.0", 31, "31.0 s, longer than 30s"}, {"v2.6.4", 89, ""}, {"v2.6.4", 91, "91.0 s, longer than 1m30s"},
	} {
		b.stack.Versions.Flux = c.flux
		err := inTime(b.stack, c.seconds)
		if got := detailOf(err, ""); got != c.want {
			t.Errorf("Flux %s, %v s: got %q, want %q", c.flux, c.seconds, got, c.want)
		}
	}
}
