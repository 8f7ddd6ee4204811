package rehearsal

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/onepassword"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/tokenlog"
)

// theTurn is a token that was exchanged at noon, and was in one Secret.
var (
	theTurn = &secretTurn{name: "a token", former: "the former token", next: "the next token"}
	wasIn   = map[*secretTurn][]keyed{theTurn: {"network/dns"}}
	noon    = time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)
)

// holding are the Secrets of a cluster, each with a value in a larger text, as in a login for a registry.
func holding(values map[string]string) func(*broken) {
	return func(b *broken) {
		var all []string
		for name, value := range values {
			all = append(all, fmt.Sprintf(`{kind: Secret, apiVersion: v1, metadata: {name: %s, namespace: network}, data: {key: %s}}`,
				name, base64.StdEncoding.EncodeToString([]byte(`{"auth": "`+value+`"}`))))
		}
		b.list(secretsPath, all...)
	}
}

func looksIntoSecrets(ctx context.Context, b *broken) {
	b.holds(ctx, b.cluster, report.Step{Name: "a step"}, []*secretTurn{theTurn}, wasIn)
}

// podWith is a pod of a time that has in its environment what a Secret had when it started.
func podWith(made time.Time, env string) func(*broken) {
	return func(b *broken) {
		b.list("/api/v1/pods", fmt.Sprintf(`{kind: Pod, apiVersion: v1, metadata: {name: dns, namespace: network, creationTimestamp: "%s"}, spec: {containers: [{name: dns, %s}]}}`,
			made.Format(time.RFC3339), env))
	}
}

const (
	fromSecret  = `env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: dns, key: key}}}]`
	fromSecrets = `envFrom: [{secretRef: {name: dns}}]`
)

func looksAtEnvironments(ctx context.Context, b *broken) {
	b.podsReplaced(ctx, b.cluster, report.Step{Name: "a step"}, wasIn, noon)
}

// publishing is a cluster that takes a route, and a zone with a record of its name, or of another.
func publishing(host string) func(*broken) {
	return func(b *broken) {
		zone := b.stack.Edge.Cloudflare.Zone
		b.world.edge.public = cloudflare.New(cloudflare.Options{Zones: []cloudflare.Zone{{ID: strings.Repeat("1", 32), Name: zone}}})
		b.world.edge.public.Upsert(zone, cloudflare.Record{Type: "CNAME", Name: host + "." + zone, Content: "external." + zone})
		b.api["/apis/gateway.networking.k8s.io/v1/namespaces/echo/httproutes/a-step"] = `{kind: HTTPRoute, apiVersion: gateway.networking.k8s.io/v1, metadata: {name: a-step}}`
	}
}

// fetching is a cluster that takes an ExternalSecret, and has a Secret of its name with a value.
func fetching(value string) func(*broken) {
	return func(b *broken) {
		b.world.connect = onepassword.New("a token")
		b.api["/apis/external-secrets.io/v1/namespaces/echo/externalsecrets/rehearsal-rotated"] = `{kind: ExternalSecret, apiVersion: external-secrets.io/v1, metadata: {name: rehearsal-rotated}}`
		b.api["/api/v1/namespaces/echo/secrets/rehearsal-rotated"] = `{kind: Secret, apiVersion: v1, metadata: {name: rehearsal-rotated}, data: {text: ` +
			base64.StdEncoding.EncodeToString([]byte(value)) + `}}`
	}
}

// ends is the line about a token at its service: whole by what a good one sees, red by this.
func ends(fault, want string, damage func(seen *seenToken), err error) red {
	good := seenToken{used: tokenlog.Count{In: 3}, next: http.StatusOK, former: http.StatusUnauthorized}
	return red{
		line: "a token: the next one is used, and the former refused", fault: fault, want: want,
		whole: func(b *broken) { b.tokenTurned("a token", good, nil) },
		damage: func(b *broken) {
			b.report.Checks = nil
			seen := good
			damage(&seen)
			b.tokenTurned("a token", seen, err)
		},
		do: func(context.Context, *broken) {},
	}
}

// says is a line that is whole by one call, and red by another.
func says(line, fault, want string, whole, damage func(*broken)) red {
	return red{
		line: line, fault: fault, want: want, whole: whole,
		damage: func(b *broken) { b.report.Checks = nil; damage(b) },
		do:     func(context.Context, *broken) {},
	}
}

var errClosed = errors.New("no identity matched any of the recipients")

func files(applied, next, former error, other bool) func(*broken) {
	return func(b *broken) { b.filesTurned(applied, next, former, other) }
}

func tunnels(next, leads string, opens, former error) func(*broken) {
	return func(b *broken) { b.tunnelTurned(next, leads, opens, former) }
}

const (
	filesLine  = "encrypted files are for the next age key alone"
	tunnelLine = "the tunnel has another secret"
)

// redRotateSecrets are lines about the secrets of a rotation that are no authorities.
var redRotateSecrets = []red{
	{
		line: "a step: the cluster holds the next ones, and no former", fault: "a Secret has the former", want: "the former one is in [network/dns]",
		whole: holding(map[string]string{"dns": "the next token"}), damage: holding(map[string]string{"dns": "the former token"}), do: looksIntoSecrets,
	},
	{
		line: "a step: the cluster holds the next ones, and no former", fault: "another Secret has the former, too", want: "the former one is in [network/old]",
		damage: holding(map[string]string{"dns": "the next token", "old": "the former token"}), do: looksIntoSecrets,
	},
	{
		line: "a step: the cluster holds the next ones, and no former", fault: "it is gone", want: "the next one is in [], and the former was in [network/dns]",
		damage: holding(nil), do: looksIntoSecrets,
	},
	{
		line: "a step: the cluster holds the next ones, and no former", fault: "no Secret had any", want: "that proves nothing",
		damage: holding(nil), do: func(ctx context.Context, b *broken) {
			b.holds(ctx, b.cluster, report.Step{Name: "a step"}, []*secretTurn{theTurn}, nil)
		},
	},
	{
		line: "a step: no pod runs with a former one", fault: "a pod was not replaced", want: "network/dns is of before it",
		whole: podWith(noon.Add(time.Minute), fromSecret), damage: podWith(noon.Add(-time.Minute), fromSecret), do: looksAtEnvironments,
	},
	{
		line: "a step: no pod runs with a former one", fault: "a pod with all keys of the Secret was not replaced", want: "network/dns is of before it",
		whole: podWith(noon, fromSecrets), damage: podWith(noon.Add(-time.Second), fromSecrets), do: looksAtEnvironments,
	},
	says("a step: a refresh reads everything with the next ones", "somebody refuses", "Bad credentials",
		func(b *broken) { b.readAll(report.Step{Name: "a step"}, "map[same:90]", nil) },
		func(b *broken) {
			b.readAll(report.Step{Name: "a step"}, "", errors.New("pulumi preview: Bad credentials"))
		}),
	{
		line: "a step: a name is published after it", fault: "nobody publishes it", want: "nobody has published a-step.example.com",
		whole: publishing("a-step"), damage: publishing("another"),
		do: func(ctx context.Context, b *broken) { b.publishes(ctx, b.cluster, report.Step{Name: "a step"}) },
	},
	{
		line: "a step: a field of 1Password is read after it", fault: "it is not fetched", want: "the Secret holds something else",
		whole: fetching("the value"), damage: fetching("another"),
		do: func(ctx context.Context, b *broken) {
			b.readsField(ctx, b.cluster, report.Step{Name: "a step"}, "the value")
		},
	},
	ends("nobody uses it", "nobody has asked with the next one", func(s *seenToken) { s.used.In = 0 }, nil),
	ends("it is not taken at once", "the next one was refused 2 times", func(s *seenToken) { s.used.Refused = 2 }, nil),
	ends("somebody goes on with the former", "it was shown 4 times after its end", func(s *seenToken) { s.late.Refused = 4 }, nil),
	ends("the former has not ended", "it was shown 1 times after its end", func(s *seenToken) { s.late.In = 1 }, nil),
	ends("the next one is worth nothing", "who shows the next one is answered 401", func(s *seenToken) { s.next = http.StatusUnauthorized }, nil),
	ends("the former is let in", "who shows the former one is answered 200", func(s *seenToken) { s.former = http.StatusOK }, nil),
	ends("the service is broken", "who shows the former one is answered 500", func(s *seenToken) { s.former = http.StatusInternalServerError }, nil),
	ends("nobody answers", "connection refused", func(*seenToken) {}, errors.New("connection refused")),
	says(filesLine, "the former key opens them", "the former age key still opens the file", files(nil, nil, errClosed, true), files(nil, nil, nil, true)),
	says(filesLine, "the next key does not", "the next age key does not open the file", files(nil, nil, errClosed, true), files(nil, errClosed, errClosed, true)),
	says(filesLine, "nothing was done", "the file is as before", files(nil, nil, errClosed, true), files(nil, nil, errClosed, false)),
	says(filesLine, "the cluster does not apply them", "it has applied main@sha1:1", files(nil, nil, errClosed, true), files(errors.New("it has applied main@sha1:1"), nil, errClosed, true)),
	says("the cluster cannot open what is for the former age key", "it does", "does not say that it cannot open the file",
		func(b *broken) { b.formerKeyEnded("cannot get sops data key", nil) },
		func(b *broken) {
			b.formerKeyEnded("", errors.New("its Kustomization does not say that it cannot open the file"))
		}),
	says(tunnelLine, "names lead to the former", `public names lead through tunnel "former", not next`, tunnels("next", "next", nil, errClosed), tunnels("next", "former", nil, errClosed)),
	says(tunnelLine, "the former is there still", "the former token still opens a tunnel", tunnels("next", "next", nil, errClosed), tunnels("next", "next", nil, nil)),
	says(tunnelLine, "its token opens nothing", "Invalid tunnel secret", tunnels("next", "next", nil, errClosed), tunnels("next", "next", errors.New("tunnel next: Unauthorized: Invalid tunnel secret"), errClosed)),
}
