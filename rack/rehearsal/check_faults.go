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
	// answers are the status codes that the calls got which make it; 0 is none.
	answers []int
}

// asWanted reports whether it is there as often as it should be, and was made no more often.
func (m made) asWanted() bool {
	succeeded := 0
	for _, status := range m.answers {
		if status/100 == 2 {
			succeeded++
		}
	}
	return m.have == m.want && succeeded == m.want
}

func (m made) String() string {
	return fmt.Sprintf("%d there; the calls that make it were answered %v", m.have, m.answers)
}

// made is everything that the stack has made outside, but for the records of names.
func (w *world) made() []made {
	var all []made
	if w.edge.public != nil {
		_, there := w.edge.public.Tunnel(w.stack.Edge.Cloudflare.TunnelName)
		calls := w.edge.public.Calls()
		all = append(all,
			made{"the tunnel", number(w.stack.Edge.Exposure == spec.ExposureTunnel), number(there), answers(calls, "POST", "/cfd_tunnel")},
			made{"the cluster's token", number(w.stack.Edge.Cloudflare.ClusterToken), len(w.edge.public.Tokens()), answers(calls, "POST", "/user/tokens")})
	}
	if settings := w.stack.Flux.GitHub; settings != nil {
		owner, name := w.stack.Flux.OwnerAndName()
		repository, calls := owner+"/"+name, w.github.Calls()
		all = append(all,
			made{"the webhook", number(settings.RegisterWebhook), len(w.github.Hooks(repository)), answers(calls, "POST", "/hooks")},
			made{"the ruleset", number(settings.Protection), len(w.github.Rulesets(repository)), answers(calls, "POST", "/rulesets")},
			made{"the deploy key", number(settings.DeployKey), len(w.github.DeployKeys(repository)), answers(calls, "POST", "/keys")})
	}
	if o := w.stack.Secrets.OnePassword; o != nil && o.BreakGlassVault != "" {
		all = append(all, made{"the break-glass item", 1, len(w.connect.Items(o.BreakGlassVault)), answers(w.connect.Calls(), "POST", "/items")})
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
		return "nothing is public: the stack has no zone", nil
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
		case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError:
			counts[status]++
		}
	}
	return counts
}
