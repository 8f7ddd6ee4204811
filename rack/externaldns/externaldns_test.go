package externaldns_test

import (
	"context"
	"reflect"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
	"github.com/home-ops/home-ops/rack/externaldns"
)

// arguments are those that the chart makes of the program's values.
var arguments = []string{
	"--log-level=info", "--log-format=text", "--interval=5m", "--events", "--source=gateway-httproute", "--policy=sync",
	"--registry=txt", "--txt-owner-id=home", "--txt-prefix=k8s.", "--gateway-namespace=network",
	"--domain-filter=example.com", "--provider=cloudflare", "--gateway-name=external",
	"--cloudflare-dns-records-per-page=1000", "--cloudflare-proxied",
}

func parsed(t *testing.T, more ...string) *externaldns.Args {
	t.Helper()
	args, err := externaldns.Parse(append(slices.Clone(arguments), more...))
	if err != nil {
		t.Fatal(err)
	}
	return args
}

func TestParse_RefusesWhatItDoesNotKnow(t *testing.T) {
	for argument, want := range map[string]string{
		"--gateway-nam=x":  "external-dns: unknown flag: --gateway-nam",
		"--source=service": "external-dns: this stand-in does not play --source=service",
		"--registry=noop":  "external-dns: this stand-in does not play --registry=noop",
		"--policy=none":    "external-dns: unknown policy: none",
	} {
		if _, err := externaldns.Parse(append(slices.Clone(arguments), argument)); err == nil || err.Error() != want {
			t.Errorf("%s: error is %v, want %s", argument, err, want)
		}
	}
}

// gateway is a Gateway of the program's, with an address and listeners for the domain.
func gateway(name string, annotations map[string]string) *gatewayio.Gateway {
	g := &gatewayio.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "network", Name: name, Annotations: annotations}}
	wild := "*.example.com"
	g.Spec.Listeners = []gatewayio.Listener{{Name: "https", Hostname: &wild, Protocol: gatewayio.HTTPS}}
	g.Status.Addresses = []gatewayio.Address{{Value: "10.0.50.101"}, {Value: "fd00::101"}}
	return g
}

// route is a route to Gateways that have accepted it or not.
func route(name string, accepted bool, hostname string, gateways ...string) *gatewayio.Route {
	r := &gatewayio.Route{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: name}}
	if hostname != "" {
		r.Spec.Hostnames = []string{hostname}
	}
	namespace, status := "network", metav1.ConditionFalse
	if accepted {
		status = metav1.ConditionTrue
	}
	for _, g := range gateways {
		parent := gatewayio.ParentReference{Reference: gatewayio.Reference{Namespace: &namespace, Name: g}}
		r.Spec.ParentRefs = append(r.Spec.ParentRefs, parent)
		r.Status.Parents = append(r.Status.Parents, gatewayio.RouteParentStatus{
			ParentRef: parent, Conditions: []metav1.Condition{{Type: gatewayio.Accepted, Status: status}},
		})
	}
	return r
}

func TestEndpoints_AreThoseOfAcceptedRoutesOfOneGateway(t *testing.T) {
	gateways := []*gatewayio.Gateway{
		gateway("external", map[string]string{"external-dns.alpha.kubernetes.io/target": "external.example.com"}),
		gateway("internal", nil),
	}
	mine := route("grey", true, "grey.example.com", "external")
	mine.Annotations = map[string]string{"external-dns.alpha.kubernetes.io/cloudflare-proxied": "false"}
	foreign := route("foreign", true, "foreign.example.com", "external")
	foreign.Annotations = map[string]string{"external-dns.alpha.kubernetes.io/controller": "none"}
	routes := []*gatewayio.Route{
		route("echo", true, "echo.example.com", "external", "internal"),
		route("refused", false, "refused.example.com", "external"),
		route("home", true, "home.example.com", "internal"),
		route("elsewhere", true, "echo.example.net", "external"),
		mine, foreign,
	}
	got := externaldns.Endpoints(parsed(t), gateways, routes)
	want := []externaldns.Endpoint{
		{Name: "echo.example.com", Type: "CNAME", Targets: []string{"external.example.com"}, Proxied: true, Resource: "httproute/apps/echo"},
		{Name: "grey.example.com", Type: "CNAME", Targets: []string{"external.example.com"}, Resource: "httproute/apps/grey"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("endpoints are\n%+v, want\n%+v", got, want)
	}
	// With a wrong filter the internal Gateway's names and addresses become public.
	got = externaldns.Endpoints(parsed(t, "--gateway-name=internal"), gateways, routes[:3])
	if len(got) != 4 || got[3].Name != "home.example.com" || got[3].Type != "AAAA" || got[3].Targets[0] != "fd00::101" {
		t.Errorf("endpoints are %+v", got)
	}
}

// zone keeps records in memory.
type zone struct {
	records []externaldns.Record
	writes  int
}

func (z *zone) Records(context.Context) ([]externaldns.Record, error) {
	return slices.Clone(z.records), nil
}

func (z *zone) Upsert(_ context.Context, r externaldns.Record) error {
	z.writes++
	z.records = slices.DeleteFunc(z.records, func(o externaldns.Record) bool {
		return o.Name == r.Name && o.Type == r.Type && (o.Content == r.Content || r.Type == "TXT")
	})
	z.records = append(z.records, r)
	return nil
}

func (z *zone) Delete(_ context.Context, r externaldns.Record) error {
	z.writes++
	z.records = slices.DeleteFunc(z.records, func(o externaldns.Record) bool { return o == r })
	return nil
}

func (z *zone) has(r externaldns.Record) bool { return slices.Contains(z.records, r) }

func TestPublish_TouchesOnlyItsOwn(t *testing.T) {
	args := parsed(t)
	byHand := externaldns.Record{Name: "mail.example.com", Type: "A", Content: "203.0.113.9"}
	lab := externaldns.Record{Name: "lab.example.com", Type: "CNAME", Content: "lab.example.net"}
	labs := externaldns.Record{Name: "k8s.cname-lab.example.com", Type: "TXT", Content: `"heritage=external-dns,external-dns/owner=lab"`}
	z := &zone{records: []externaldns.Record{byHand, lab, labs}}
	publish := func(endpoints ...externaldns.Endpoint) {
		t.Helper()
		if err := externaldns.Publish(t.Context(), args, endpoints, z); err != nil {
			t.Fatal(err)
		}
	}
	name := func(name, target string) externaldns.Endpoint {
		return externaldns.Endpoint{
			Name: name + ".example.com", Type: "CNAME", Targets: []string{target}, Proxied: true, Resource: "httproute/apps/" + name,
		}
	}
	publish(name("echo", "external.example.com"), name("mail", "external.example.com"), name("lab", "external.example.com"))
	made := externaldns.Record{Name: "echo.example.com", Type: "CNAME", Content: "external.example.com", Proxied: true}
	mark := externaldns.Record{
		Name: "k8s.cname-echo.example.com", Type: "TXT",
		Content: `"heritage=external-dns,external-dns/owner=home,external-dns/resource=httproute/apps/echo"`,
	}
	if len(z.records) != 5 || !z.has(made) || !z.has(mark) || !z.has(byHand) || !z.has(lab) {
		t.Errorf("records are %v", z.records)
	}
	writes := z.writes
	publish(name("echo", "external.example.com"))
	if z.writes != writes {
		t.Error("it writes what is there already")
	}
	publish(name("echo", "other.example.com"))
	if z.has(made) || len(z.records) != 5 {
		t.Errorf("records are %v", z.records)
	}
	publish()
	if !slices.Equal(z.records, []externaldns.Record{byHand, lab, labs}) {
		t.Errorf("records are %v", z.records)
	}
}
