package rehearsal

import (
	"fmt"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/github"
	"github.com/home-ops/home-ops/rack/onepassword"
	"github.com/home-ops/home-ops/spec"
)

// always is more calls than there are until the world heals.
const always = 10_000

// fault is what outside services do to an `up` that cannot succeed.
type fault struct {
	name   string
	strike func()
	// says is what one line of pulumi's errors must have in it.
	says []string
}

// faults are those of the stack's services, in the order in which an `up` gets to them: each lets it come a little
// further. What a client survives by itself strikes on the way. The webhook's are apart: nothing waits for it.
func (w *world) faults() []fault {
	var all []fault
	settings := w.stack.Flux.GitHub
	if settings != nil && settings.Protection {
		// Nothing waits for the ruleset: without trouble elsewhere, what is to fail next would be made meanwhile.
		all = append(all, fault{
			"GitHub answers 500 to the ruleset, and Cloudflare is in trouble",
			func() { w.failRuleset(github.ServerError, always); w.failTunnel() },
			[]string{"flux-protection: ", "500"},
		}, fault{
			"GitHub's answer to the ruleset is lost, and Cloudflare is in trouble",
			func() { w.failRuleset(github.LostAnswer, 1); w.failTunnel() },
			[]string{"flux-protection: ", "Name must be unique"},
		})
	}
	all = append(all, w.onePasswordRevoked()...)
	if w.stack.Secrets.OnePassword.Readable() {
		all = append(all, fault{
			"1Password answers 500", func() { w.connect.Fail(always, onepassword.Broken) },
			[]string{w.firstVault(), "Internal server error"},
		}, fault{
			"1Password does not answer", func() { w.connect.Fail(always, onepassword.Silent) },
			[]string{"secrets.onePassword.connectHost: ", "it does not answer within 1m0s"},
		})
		if w.stack.Secrets.OnePassword.BreakGlassVault != "" {
			all = append(all, fault{
				"1Password's answer to the item is lost, and Cloudflare is in trouble",
				func() { w.connect.Fail(1, onepassword.LostAnswer); w.failTunnel() },
				[]string{"secretstore-break-glass: "},
			})
		}
	}
	all = append(all, w.cloudflareRevoked()...)
	if w.tunnelled() {
		all = append(all, fault{
			"Cloudflare's answer to the tunnel is lost", func() {
				w.edge.public.Fail(cloudflare.Fault{Trouble: cloudflare.LostAnswer, Method: "POST", Path: "/cfd_tunnel"})
			}, []string{"edge-tunnel: ", "You already have a tunnel with this name"},
		})
	}
	if c := w.stack.Edge.Cloudflare; c != nil && c.ZoneID == "" {
		all = append(all, fault{
			"Cloudflare does not say which zone it is",
			func() {
				// It takes a minute, in which the tunnel is made: one that is limited is asked for again.
				w.edge.public.Fail(cloudflare.Fault{Trouble: cloudflare.Hang, Method: "GET", Path: "/client/v4/zones", Times: always})
				w.edge.public.Fail(cloudflare.Fault{Trouble: cloudflare.RateLimit, Method: "POST", Path: "/cfd_tunnel"})
			},
			[]string{"edge.cloudflare.zone " + c.Zone, "it does not answer within 1m0s"},
		})
	}
	if w.tunnelled() {
		all = append(all, fault{
			"Cloudflare answers 500 to the record", func() { w.failRecord(cloudflare.ServerError, always) }, []string{"edge-external-record: ", "HTTP 500"},
		}, fault{
			"Cloudflare's answer to the record is lost", func() { w.failRecord(cloudflare.LostAnswer, 1) }, []string{"edge-external-record: ", "already exists"},
		}, fault{
			"Cloudflare does not answer", func() { w.failRecord(cloudflare.Hang, always) }, []string{"edge-external-record: ", "deadline exceeded"},
		})
	}
	return all
}

// webhookFaults are those of the webhook's registration. Until they strike, the stack file must not ask for it: it would
// be made beside what is to fail before.
func (w *world) webhookFaults() []fault {
	if s := w.stack.Flux.GitHub; s == nil || !s.RegisterWebhook {
		return nil
	}
	return []fault{{
		"GitHub limits the webhook, and then its token is revoked", w.failWebhook, []string{"flux-webhook: ", "401 Bad credentials"},
	}, {
		"GitHub's answer to the webhook is lost",
		func() {
			w.github.Fail(github.Fault{Trouble: github.LostAnswer, Method: "POST", Path: w.repository() + "/hooks"})
		},
		[]string{"flux-webhook: ", "Hook already exists"},
	}}
}

func (w *world) tunnelled() bool {
	return w.edge.public != nil && w.stack.Edge.Exposure == spec.ExposureTunnel
}

func (w *world) failRuleset(trouble github.Trouble, times int) {
	w.github.Fail(github.Fault{Trouble: trouble, Method: "POST", Path: w.repository() + "/rulesets", Times: times})
}

// failTunnel has no tunnel made, and nothing that waits for it.
func (w *world) failTunnel() {
	if w.tunnelled() {
		w.edge.public.Fail(cloudflare.Fault{Trouble: cloudflare.ServerError, Method: "POST", Path: "/cfd_tunnel", Times: always})
	}
}

// failRecord strikes the making of the record that leads to the tunnel, and leaves external-dns the making of its own.
func (w *world) failRecord(trouble cloudflare.Trouble, times int) {
	w.edge.public.Fail(cloudflare.Fault{
		Trouble: trouble, Method: "POST", Path: "/dns_records", Body: `"name":"external.` + w.stack.Cluster.Domain + `"`, Times: times,
	})
}

// failStore strikes the cluster's own store, where nobody else reads 1Password. When that asks for the first time is not known before:
// the calls fail that it makes first, in whichever `up` it does.
func (w *world) failStore() {
	if o := w.stack.Secrets.OnePassword; o != nil && !o.Readable() {
		w.connect.Fail(2, onepassword.Broken)
		w.connect.Fail(2, onepassword.TooManyRequests)
	}
}

// failWebhook strikes near the end of an `up`.
func (w *world) failWebhook() {
	hooks := w.repository() + "/hooks"
	w.github.Fail(github.Fault{Trouble: github.SecondaryRateLimit, Path: hooks, RetryAfter: 2 * time.Second})
	w.github.Fail(github.Fault{Trouble: github.RevokedToken, Path: hooks, Times: always})
}

// revocations are the tokens that every run of the program asks something with. GitHub's is not among them: it is asked
// only when something is to be done.
func (w *world) revocations() []fault {
	return append(w.onePasswordRevoked(), w.cloudflareRevoked()...)
}

func (w *world) onePasswordRevoked() []fault {
	if !w.stack.Secrets.OnePassword.Readable() {
		return nil
	}
	return []fault{{
		"1Password's token is revoked", func() { w.connect.Fail(always, onepassword.Unauthorized) },
		[]string{w.firstVault(), "Invalid token signature"},
	}}
}

func (w *world) cloudflareRevoked() []fault {
	c := w.stack.Edge.Cloudflare
	if c == nil || c.ZoneID != "" {
		return nil
	}
	return []fault{{
		"Cloudflare's token is revoked",
		func() { w.edge.public.Fail(cloudflare.Fault{Trouble: cloudflare.RevokedToken, Times: always}) },
		[]string{"Invalid access token (9109)"},
	}}
}

// firstVault is how the program names the vault that it asks for first.
func (w *world) firstVault() string {
	for _, at := range w.stack.SecretRefs() {
		if vault, _, _, ok := at.Ref.OnePassword(); ok {
			return fmt.Sprintf("1Password vault %q", vault)
		}
	}
	return "1Password"
}

// repository is the path of the repository's settings at GitHub.
func (w *world) repository() string {
	owner, name := w.stack.Flux.OwnerAndName()
	return strings.Join([]string{"/repos", owner, name}, "/")
}

// heal ends every fault.
func (w *world) heal() {
	// What failStore has set ends by itself.
	if w.connect != nil && w.stack.Secrets.OnePassword.Readable() {
		w.connect.Heal()
	}
	if w.edge.public != nil {
		w.edge.public.Heal()
	}
	if w.github != nil {
		w.github.Heal()
	}
}
