package externaldns

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
	fake "github.com/home-ops/home-ops/rack/cloudflare"
)

// behaviours are held by the simulated external-dns and by external-dns itself alike: what the routes and what there is
// already make of the zone example.com.
var behaviours = []struct {
	name string
	args []string
	// routes are asked for in namespace apps; see routeTo.
	routes []*gatewayio.Route
	// before and want are the records, as TYPE NAME CONTENT, with "proxied" behind those that are.
	before, want []string
}{
	{
		name:   "a route that the external gateway has accepted is published, with a mark of whose it is",
		routes: routes(routeTo("echo", "echo.example.com", "external", "internal")),
		want:   published("echo"),
	},
	{
		name: "nothing is published of a route that is refused, inside, in another domain, or another controller's",
		routes: routes(
			refused(routeTo("refused", "refused.example.com", "external")), routeTo("home", "home.example.com", "internal"),
			routeTo("elsewhere", "echo.example.net", "external"),
			annotated(routeTo("foreign", "foreign.example.com", "external"), controllerAnnotation, "none"),
		),
	},
	{
		name:   "an annotation has requests go past Cloudflare",
		routes: routes(annotated(routeTo("grey", "grey.example.com", "external"), proxiedAnnotation, "false")),
		want:   []string{"CNAME grey.example.com external.example.com", mark("grey", "home")},
	},
	{
		name:   "a record that somebody made by hand stays, and one of another cluster",
		routes: routes(routeTo("mail", "mail.example.com", "external"), routeTo("lab", "lab.example.com", "external")),
		before: []string{"A mail.example.com 203.0.113.9", "CNAME lab.example.com lab.example.org", mark("lab", "lab")},
		want:   []string{"A mail.example.com 203.0.113.9", "CNAME lab.example.com lab.example.org", mark("lab", "lab")},
	},
	{
		name:   "what it published goes with its route",
		before: append(published("echo"), "A mail.example.com 203.0.113.9"),
		want:   []string{"A mail.example.com 203.0.113.9"},
	},
	{
		name:   "what it published goes with its route, but for a policy that only adds",
		args:   []string{"--policy=upsert-only"},
		before: published("echo"),
		want:   published("echo"),
	},
	{
		name:   "what it published is changed in place",
		routes: routes(routeTo("echo", "echo.example.com", "external")),
		before: []string{"CNAME echo.example.com old.example.com proxied", mark("echo", "home")},
		want:   published("echo"),
	},
	{
		name:   "what it published goes through Cloudflare once it should",
		routes: routes(routeTo("echo", "echo.example.com", "external")),
		before: []string{"CNAME echo.example.com external.example.com", mark("echo", "home")},
		want:   published("echo"),
	},
	{
		name:   "the domain's own name is published, and its mark, which would be in no zone of ours, is left out",
		routes: routes(routeTo("apex", "example.com", "external")),
		want:   []string{"CNAME example.com external.example.com proxied"},
	},
	{
		name:   "what is as it should be stays",
		routes: routes(routeTo("echo", "echo.example.com", "external")),
		before: published("echo"),
		want:   published("echo"),
	},
	{
		name:   "with a wrong gateway the names and addresses of the inside become public",
		args:   []string{"--gateway-name=internal"},
		routes: routes(annotated(routeTo("home", "home.example.com", "internal"), proxiedAnnotation, "false")),
		want: []string{
			"A home.example.com 10.0.50.101", "AAAA home.example.com fd00::101",
			markOf("a", "home", "home"), markOf("aaaa", "home", "home"),
		},
	},
}

// gateways are the two of the program. Both take routes of every namespace.
func gateways() []*gatewayio.Gateway {
	return []*gatewayio.Gateway{
		gatewayCalled("external", map[string]string{targetAnnotation: "external.example.com"}), gatewayCalled("internal", nil),
	}
}

func gatewayCalled(name string, annotations map[string]string) *gatewayio.Gateway {
	g := &gatewayio.Gateway{}
	if err := json.Unmarshal([]byte(`{
		"spec": {"listeners": [
			{"name": "names", "hostname": "*.example.com", "port": 443, "protocol": "HTTPS", "allowedRoutes": {"namespaces": {"from": "All"}}},
			{"name": "domain", "hostname": "example.com", "port": 443, "protocol": "HTTPS", "allowedRoutes": {"namespaces": {"from": "All"}}}
		]},
		"status": {"addresses": [{"value": "10.0.50.101"}, {"value": "fd00::101"}]}
	}`), g); err != nil {
		panic(err)
	}
	g.Namespace, g.Name, g.Annotations = "network", name, annotations
	return g
}

func routes(list ...*gatewayio.Route) []*gatewayio.Route { return list }

// routeTo is a route that its Gateways have accepted.
func routeTo(name, hostname string, parents ...string) *gatewayio.Route {
	r := &gatewayio.Route{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: name, Annotations: map[string]string{}}}
	r.Spec.Hostnames = []string{hostname}
	namespace := "network"
	for _, p := range parents {
		parent := gatewayio.ParentReference{Reference: gatewayio.Reference{Namespace: &namespace, Name: p}}
		r.Spec.ParentRefs = append(r.Spec.ParentRefs, parent)
		r.Status.Parents = append(r.Status.Parents, gatewayio.RouteParentStatus{
			ParentRef: parent, Conditions: []metav1.Condition{{Type: gatewayio.Accepted, Status: metav1.ConditionTrue}},
		})
	}
	return r
}

func refused(r *gatewayio.Route) *gatewayio.Route {
	for i := range r.Status.Parents {
		r.Status.Parents[i].Conditions[0].Status = metav1.ConditionFalse
	}
	return r
}

func annotated(r *gatewayio.Route, name, value string) *gatewayio.Route {
	r.Annotations[name] = value
	return r
}

// published are the records of a name that is published.
func published(name string) []string {
	return []string{"CNAME " + name + ".example.com external.example.com proxied", mark(name, "home")}
}

func mark(name, owner string) string { return markOf("cname", name, owner) }

func markOf(recordType, name, owner string) string {
	return "TXT k8s." + recordType + "-" + name + `.example.com "heritage=external-dns,external-dns/owner=` + owner +
		`,external-dns/resource=httproute/apps/` + name + `"`
}

// arguments are those that the chart makes of the program's values.
func arguments() []string {
	return []string{
		"--log-level=info", "--log-format=text", "--interval=5m", "--events", "--source=gateway-httproute", "--policy=sync",
		"--registry=txt", "--txt-owner-id=home", "--txt-prefix=k8s.", "--gateway-namespace=network",
		"--domain-filter=example.com", "--provider=cloudflare", "--gateway-name=external",
		"--cloudflare-dns-records-per-page=1000", "--cloudflare-proxied",
	}
}

const goodToken = "0123456789012345678901234567890123456789"

// hold runs every behaviour. What publishes is given its arguments, the routes, and Cloudflare.
func hold(t *testing.T, publish func(t *testing.T, args []string, routes []*gatewayio.Route, cf *fake.Server)) {
	for _, b := range behaviours {
		t.Run(b.name, func(t *testing.T) {
			cf := fake.New(fake.Options{Tokens: []string{goodToken}, Zones: []fake.Zone{
				{ID: strings.Repeat("1", 32), Name: "example.com"}, {ID: strings.Repeat("2", 32), Name: "example.net"},
			}})
			for _, text := range b.before {
				cf.Upsert("example.com", recordOf(text))
			}
			before := ids(cf)
			publish(t, with(arguments(), b.args), b.routes, cf)
			var got []string
			for _, r := range cf.Records("example.com") {
				got = append(got, strings.TrimSuffix(strings.Join([]string{r.Type, r.Name, r.Content, map[bool]string{true: "proxied"}[r.Proxied]}, " "), " "))
			}
			slices.Sort(got)
			want := slices.Sorted(slices.Values(b.want))
			if !slices.Equal(got, want) {
				t.Errorf("records are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
			if other := cf.Records("example.net"); len(other) > 0 {
				t.Errorf("it writes in a zone that is not its own: %+v", other)
			}
			// The same record is the same to Cloudflare, too: nobody's name is gone for a moment.
			if slices.Equal(b.before, b.want) && !slices.Equal(before, ids(cf)) {
				t.Error("records were made anew that were right")
			}
		})
	}
}

// with has an argument take the place of the one with its name.
func with(args, more []string) []string {
	for _, m := range more {
		name, _, _ := strings.Cut(m, "=")
		args = slices.DeleteFunc(args, func(a string) bool { return strings.HasPrefix(a, name+"=") })
		args = append(args, m)
	}
	return args
}

func recordOf(text string) fake.Record {
	recordType, rest, _ := strings.Cut(text, " ")
	name, content, _ := strings.Cut(rest, " ")
	content, proxied := strings.CutSuffix(content, " proxied")
	return fake.Record{Type: recordType, Name: name, Content: content, Proxied: proxied}
}

func ids(cf *fake.Server) []string {
	var list []string
	for _, r := range cf.Records("example.com") {
		list = append(list, r.ID)
	}
	slices.Sort(list)
	return list
}
