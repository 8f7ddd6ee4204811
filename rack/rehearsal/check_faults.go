package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// checkFaults looks at what the faults left behind, outside the cluster and in it.
func (r *rehearsal) checkFaults(ctx context.Context) error {
	c, err := r.openCluster(ctx)
	if err != nil {
		return err
	}
	for _, made := range r.world.made() {
		r.add(made.what+" is made once", made.asWanted(), made.String())
	}
	r.run(ctx, c, r.faultChecks())
	return nil
}

// faultChecks look at what the faults left.
func (r *rehearsal) faultChecks() []check {
	return []check{
		{"every service failed on the way", r.checkFailures},
		{"no name has two records", r.checkRecords},
		{"the cluster is whole", func(ctx context.Context, _ *cluster) (string, error) {
			return fmt.Sprintf("%d nodes", len(r.rack.nodes)), r.observe(ctx)
		}},
		{"no operation is left half done", r.checkPending},
		{"no secret is in plain text", r.checkSecrets},
	}
}

// made is something that the program makes at an outside service.
type made struct {
	what       string
	want, have int
	// answers are the status codes that the calls got which make it; 0 is none. A call of which the answer was lost got
	// 502, and made it.
	answers []int
	// removed is how many were removed.
	removed int
}

// asWanted reports whether it is there as often as it should be, and was made no more often: but for those of which
// nobody heard, each of which was removed.
func (m made) asWanted() bool {
	succeeded, lost := 0, 0
	for _, status := range m.answers {
		switch {
		case status/100 == 2:
			succeeded++
		case status == http.StatusBadGateway:
			lost++
		}
	}
	return m.asOften() && succeeded == m.want && m.removed == lost
}

// asOften reports whether it is there as often as it should be, however it came there.
func (m made) asOften() bool { return m.have == m.want }

func (m made) String() string {
	return fmt.Sprintf("%d there, %d removed; the calls that make it were answered %v", m.have, m.removed, m.answers)
}

// made is everything that the stack has made outside, but for the records of names, which are not the program's alone.
func (w *world) made() []made {
	var all []made
	if w.edge.public != nil {
		_, there := w.edge.public.Tunnel(w.stack.Edge.Cloudflare.TunnelName)
		calls := w.edge.public.Calls()
		all = append(all,
			of(calls, "/cfd_tunnel", made{what: "the tunnel", want: number(w.stack.Edge.Exposure == spec.ExposureTunnel), have: number(there)}),
			of(calls, "/user/tokens", made{
				what: "the cluster's token", want: number(w.stack.Edge.Cloudflare.ClusterToken), have: len(w.edge.public.Tokens()),
			}))
	}
	if settings := w.stack.Flux.GitHub; settings != nil {
		owner, name := w.stack.Flux.OwnerAndName()
		repository, calls := owner+"/"+name, w.github.Calls()
		all = append(all,
			of(calls, "/hooks", made{what: "the webhook", want: number(settings.RegisterWebhook), have: len(w.github.Hooks(repository))}),
			of(calls, "/rulesets", made{what: "the ruleset", want: number(settings.Protection), have: len(w.github.Rulesets(repository))}),
			of(calls, "/keys", made{what: "the deploy key", want: number(settings.DeployKey), have: len(w.github.DeployKeys(repository))}))
	}
	if o := w.stack.Secrets.OnePassword; o != nil && o.BreakGlassVault != "" {
		all = append(all, of(w.connect.Calls(), "/items", made{
			what: "the break-glass item", want: 1, have: len(w.connect.Items(o.BreakGlassVault)),
		}))
	}
	return slices.DeleteFunc(all, func(m made) bool { return m.want == 0 && m.have == 0 })
}

// call is a request as each of the outside services writes it down.
type call struct {
	Method, Path string
	Status       int
}

// calling is the form that all of them have.
type calling interface {
	~struct {
		Method, Path string
		Status       int
	}
}

// of adds what came of the calls that make and remove the things below a path.
func of[C calling](calls []C, things string, m made) made {
	m.answers = answers(calls, http.MethodPost, things)
	for _, c := range calls {
		c := call(c)
		parent := c.Path[:max(strings.LastIndex(c.Path, "/"), 0)]
		if c.Method == http.MethodDelete && c.Status/100 == 2 && strings.HasSuffix(parent, things) {
			m.removed++
		}
	}
	return m
}

// answers are the status codes of the calls of a method to what ends so.
func answers[C calling](calls []C, method, end string) []int {
	var statuses []int
	for _, c := range calls {
		if c := call(c); c.Method == method && strings.HasSuffix(c.Path, end) {
			statuses = append(statuses, c.Status)
		}
	}
	return statuses
}

func number(there bool) int {
	if there {
		return 1
	}
	return 0
}

// checkRecords looks for names with two records of a type. The stack's own have one value each.
func (r *rehearsal) checkRecords(context.Context, *cluster) (string, error) {
	if r.world.edge.public == nil {
		return "", skipped("nothing is public: the stack has no zone")
	}
	var errs []error
	seen := map[string]bool{}
	for _, record := range r.world.edge.public.Records(r.stack.Edge.Cloudflare.Zone) {
		name := record.Name + " " + record.Type
		if seen[name] {
			errs = append(errs, fmt.Errorf("%s is there twice", name))
		}
		seen[name] = true
	}
	return fmt.Sprintf("%d records", len(seen)), errors.Join(errs...)
}

// checkFailures shows that the faults struck: those too that nobody but a client noticed.
func (r *rehearsal) checkFailures(context.Context, *cluster) (string, error) {
	var errs []error
	var all []string
	add := func(service string, failed map[int]int) {
		if len(failed) == 0 {
			errs = append(errs, fmt.Errorf("%s: no call failed", service))
		}
		for _, status := range slices.Sorted(maps.Keys(failed)) {
			all = append(all, fmt.Sprintf("%s %d: %d times", service, status, failed[status]))
		}
	}
	if r.world.connect != nil {
		add("1Password", failed(r.world.connect.Calls()))
	}
	if r.world.edge.public != nil {
		add("Cloudflare", failed(r.world.edge.public.Calls()))
	}
	if r.world.github != nil {
		add("GitHub", failed(r.world.github.Calls()))
	}
	return strings.Join(all, ", "), errors.Join(errs...)
}

// failed counts the answers that a fault gives, by their status codes.
func failed[C calling](calls []C) map[int]int {
	counts := map[int]int{}
	for _, c := range calls {
		switch status := call(c).Status; status {
		case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway:
			counts[status]++
		}
	}
	return counts
}
