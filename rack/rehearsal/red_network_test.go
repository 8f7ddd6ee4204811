package rehearsal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/flows"
	"github.com/home-ops/home-ops/spec"
)

const (
	routesPath   = "/apis/gateway.networking.k8s.io/v1/httproutes"
	servicesPath = "/api/v1/services"
	strayPath    = "/api/v1/namespaces/default/services/"
)

// zone is Cloudflare with the stack's zone and no record in it.
func zone(b *broken) {
	c := b.stack.Edge.Cloudflare
	b.secrets.values = map[spec.SecretRef]string{c.APITokenRef: "token"}
	b.world.secrets = b.secrets
	b.world.services = map[string]http.Handler{}
	if err := b.world.playEdge(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.world.edge.attach(b.cluster.rest)
}

// route leads a host from a gateway to a Service.
func route(name, gateway, host string) string {
	return fmt.Sprintf("{metadata: {name: %[1]s, namespace: apps}, spec: {hostnames: [%[3]s], rules: [{backendRefs: [{name: %[1]s}]}]}, "+
		`status: {parents: [{parentRef: {name: %[2]s}, conditions: [{type: Accepted, status: "True"}]}]}}`, name, gateway, host)
}

// balanced is a Service that has an address.
func balanced(name, address string) string {
	return fmt.Sprintf("{kind: Service, apiVersion: v1, metadata: {name: %s, namespace: apps}, spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: %s}]}}}", name, address)
}

const refused = "{kind: Service, apiVersion: v1, metadata: {name: stray}, spec: {type: LoadBalancer}, status: {conditions: [{type: io.cilium/lb-ipam-request-satisfied, status: \"False\"}]}}"

func wholeStray(b *broken) {
	b.api[strayPath+"any"] = balanced("any", "10.0.50.103")
	b.api[strayPath+"stray"] = refused
}

// record makes a record as a client of the API does.
func record(b *broken, kind, content string) {
	b.t.Helper()
	body := fmt.Sprintf(`{"type": %q, "name": "twice.%s", "content": %q, "ttl": 1}`, kind, b.stack.Edge.Cloudflare.Zone, content)
	req := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, "/client/v4/zones/0d3f1a5c7e9b2d4f6a8c0e1f3b5d7a9c/dns_records", strings.NewReader(body))
	req.Host = cloudflare.Host
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.world.edge.public.ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		b.t.Fatalf("%d %s", w.Code, w.Body)
	}
}

const podsPath = "/api/v1/pods"

// judgedFlows are the lines about traffic: whole with an engine that decides all as it must be, and cluster DNS.
func judgedFlows(fault, want string, damage func(*broken)) red {
	return red{
		line: "traffic passes where it must, and nowhere else", fault: fault, want: want, damage: damage,
		whole: func(b *broken) {
			b.api["/api"], b.api["/apis"] = "{kind: APIVersions, versions: [v1]}", "{kind: APIGroupList, groups: []}"
			b.list("/api/v1/namespaces", "{kind: Namespace, apiVersion: v1, metadata: {name: kube-system}}")
			b.list(podsPath, "{kind: Pod, apiVersion: v1, metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}, spec: {dnsPolicy: Default, containers: [{name: coredns}]}}")
			b.engine(b.cilium(), b.verdicts(func(_ int, f flows.Flow) bool { return f.Wanted }))
		},
	}
}

// cilium is the version of the stack, as the engine says its own.
func (b *broken) cilium() string {
	return "v" + strings.TrimPrefix(string(b.stack.Versions.Cilium), "v")
}

// verdicts are an engine's on each flow that the fake API server asks for.
func (b *broken) verdicts(passes func(int, flows.Flow) bool) []map[string]any {
	b.t.Helper()
	objects, err := b.cluster.everything(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := flows.New(b.stack, objects)
	if err != nil {
		b.t.Fatal(err)
	}
	wanted := found.Wanted()
	all := []map[string]any{}
	for i, f := range append(wanted, found.Unwanted(wanted)...) {
		half := map[string]bool{"allowed": passes(i, f)}
		all = append(all, map[string]any{"egress": half, "ingress": half})
	}
	return all
}

// engine is one of that version, which answers with the verdicts.
func (b *broken) engine(version string, verdicts []map[string]any) {
	b.t.Helper()
	answer, err := json.Marshal(map[string]any{"cilium": version, "verdicts": verdicts})
	if err != nil {
		b.t.Fatal(err)
	}
	path := filepath.Join(b.t.TempDir(), "answer")
	if err := os.WriteFile(path, answer, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.config.Flows = b.program("engine", "cat > /dev/null; cat "+path)
}

var redNetwork = []red{
	{
		line: "the public reaches what is public", fault: "no name is published",
		damage: zone, want: "example.com",
	},
	{
		line: "the public reaches nothing else", fault: "nothing is inside either",
		whole:  func(b *broken) { b.list(routesPath, route("private", "internal", "private.example.com")) },
		damage: func(b *broken) { b.list(routesPath) }, want: "that proves nothing",
	},
	{
		line: "the public reaches nothing else", fault: "the external gateway leads there",
		whole: func(b *broken) { b.list(routesPath, route("private", "internal", "private.example.com")) },
		damage: func(b *broken) {
			b.list(routesPath, route("private", "internal", "private.example.com"), route("leak", "external", "private.example.com"))
		}, want: "the external gateway leads private.example.com to apps/leak",
	},
	{
		line: "services have addresses out of the pools", fault: "one has none",
		whole: func(b *broken) { b.list(servicesPath, balanced("web", "10.0.50.103")) },
		damage: func(b *broken) {
			b.list(servicesPath, "{kind: Service, apiVersion: v1, metadata: {name: web, namespace: apps}, spec: {type: LoadBalancer}}")
		}, want: "service apps/web: it has no address",
	},
	{
		line: "services have addresses out of the pools", fault: "one has another",
		whole:  func(b *broken) { b.list(servicesPath, balanced("web", "10.0.50.103")) },
		damage: func(b *broken) { b.list(servicesPath, balanced("web", "192.0.2.7")) }, want: "its address 192.0.2.7 lies in no pool",
	},
	{
		line: "services have addresses out of the pools", fault: "none wants one",
		whole:  func(b *broken) { b.list(servicesPath, balanced("web", "10.0.50.103")) },
		damage: func(b *broken) { b.list(servicesPath) }, want: "that proves nothing",
	},
	{
		line: "an address outside every pool is not given", fault: "it is",
		whole: wholeStray, damage: func(b *broken) { b.api[strayPath+"stray"] = balanced("stray", "203.0.113.9") },
		want: "an address outside every pool was given",
	},
	{
		line: "an address outside every pool is not given", fault: "nobody gives any",
		whole: wholeStray, damage: func(b *broken) { b.api[strayPath+"any"] = refused }, want: "it has no address",
	},
	{
		line: "an address outside every pool is not given", fault: "nobody has looked",
		whole: wholeStray, damage: func(b *broken) {
			b.api[strayPath+"stray"] = "{kind: Service, apiVersion: v1, metadata: {name: stray}, spec: {type: LoadBalancer}}"
		}, want: "nobody looked",
	},
	judgedFlows("the engine leaves flows open", "flows: 0 answers to ", func(b *broken) { b.engine("v1.20.2", nil) }),
	judgedFlows("one that is needed is refused", "is refused at the source by no policy chooses it; ", func(b *broken) {
		b.engine(b.cilium(), b.verdicts(func(i int, f flows.Flow) bool { return f.Wanted && i > 0 }))
	}),
	judgedFlows("one that must not be passes", " passes (no policy chooses it); ", func(b *broken) {
		passes := true
		b.engine(b.cilium(), b.verdicts(func(_ int, f flows.Flow) bool {
			if f.Wanted {
				return true
			}
			defer func() { passes = false }()
			return passes
		}))
	}),
	judgedFlows("the engine is another Cilium's", "the engine is of Cilium v1.2.3, and the stack has v", func(b *broken) {
		b.engine("v1.2.3", b.verdicts(func(_ int, f flows.Flow) bool { return f.Wanted }))
	}),
	judgedFlows("a lead ends nowhere", "of which no flow was asked: every pod asks cluster DNS: there is no pod of it", func(b *broken) {
		b.list(podsPath)
		b.engine(b.cilium(), b.verdicts(func(_ int, f flows.Flow) bool { return f.Wanted }))
	}),
	{
		line: "every service failed on the way", fault: "one did not",
		damage: zone, want: "Cloudflare: no call failed",
	},
	{
		line: "no name has two records", fault: "one has",
		whole: func(b *broken) {
			zone(b)
			record(b, "A", "192.0.2.1")
			record(b, "AAAA", "2001:db8::1")
		},
		damage: func(b *broken) { record(b, "A", "192.0.2.2") }, want: "twice.example.com A is there twice",
	},
}
