package addons_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/addons/internal/apitest"
)

const (
	ciliumAPI     = "cilium.io/v2"
	gatewayAPI    = "gateway.networking.k8s.io/v1"
	definitionAPI = "apiextensions.k8s.io/v1"
	established   = "status.conditions.[type=Established].status"
)

// ciliumSettings are what the operator finds in its ConfigMap, as files or as the object.
var ciliumSettings = map[string]string{
	"enable-ipv4": "true", "enable-ipv6": "true", "ipam": "kubernetes", "kube-proxy-replacement": "true",
	"identity-allocation-mode": "crd", "enable-bgp-control-plane": "true", "enable-l2-announcements": "false",
	"enable-lb-ipam": "true", "enable-gateway-api": "true", "enable-envoy-config": "true", "enable-gateway-api-secrets-sync": "false",
}

// ciliumBehaviour is what both operators do.
type ciliumBehaviour struct {
	name string
	hold func(w *ciliumWorld)
}

// ciliumStarts are the behaviours that tell of the operator's start. They come first: there is no pool and no kind of the Gateway API yet.
var ciliumStarts = []ciliumBehaviour{
	{"the kinds of what is switched on are known, and no others", func(w *ciliumWorld) {
		off := []string{"ciliumdatapathplugins", "ciliumegressgatewaypolicies", "ciliumendpointslices", "ciliumlocalredirectpolicies"}
		for _, name := range definitionsIn(w.t, "cilium") {
			if !slices.Contains(off, strings.TrimSuffix(name, ".cilium.io")) {
				w.Eventually(definitionAPI, "CustomResourceDefinition", name, established, `"True"`)
			}
		}
		for _, name := range off {
			w.Never(definitionAPI, "CustomResourceDefinition", name+".cilium.io", "metadata.name", `"`+name+`.cilium.io"`)
		}
	}},
	{"a kind that somebody deletes is known again when the operator starts anew, and not before", func(w *ciliumWorld) {
		const name = "ciliumnodeconfigs.cilium.io"
		w.Delete(definitionAPI, "CustomResourceDefinition", name)
		w.Eventually(definitionAPI, "CustomResourceDefinition", name, "metadata.name", "-")
		for range 5 { // on a busy machine a moment is too short to see what would come back
			w.Never(definitionAPI, "CustomResourceDefinition", name, "metadata.name", `"`+name+`"`)
		}
		w.restart()
		w.Eventually(definitionAPI, "CustomResourceDefinition", name, established, `"True"`)
	}},
	{"without a pool, a Service is told nothing", func(w *ciliumWorld) {
		w.service("app", "")
		w.Never("v1", "Service", w.key("app"), satisfied("reason"), `"no_pool"`)
		w.field("Service", "app", "status", `{"loadBalancer":{}}`)
	}},
	{"gateways are served when their kinds are there at the operator's start, and not before the next one", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "") // who has an address shows that the operator runs
		w.addresses("app", w.ip(100))
		w.Define(filepath.Join(definitions, "gateway-api-standard"))
		w.class()
		w.gateway("edge", `listeners: [{name: http, port: 80, protocol: HTTP}]`)
		w.Never(gatewayAPI, "GatewayClass", w.namespace, accepted("reason"), `"Accepted"`)
		w.restart()
		w.Eventually(gatewayAPI, "GatewayClass", w.namespace, accepted("reason"), `"Accepted"`)
		w.programmed("edge")
	}},
}

// ciliumWorld is what one behaviour is seen in: a namespace, whose name is a GatewayClass's, too, and addresses of its own.
type ciliumWorld struct {
	*apitest.Client
	t         *testing.T
	namespace string
	// number makes its addresses: 10.1.number.0/24 and fd00:1:number::/64.
	number int
	// restart ends the operator, and returns when another one has been started.
	restart func()
}

// holdCilium runs every behaviour, one after the other: pools are the whole cluster's. What starts the operator returns what starts it
// anew.
func holdCilium(t *testing.T, start func(t *testing.T) (restart func())) {
	t.Helper()
	if server == nil {
		t.Skip("needs an API server")
	}
	c := server.Client(t)
	for _, name := range definitionsIn(t, "gateway-api-standard") {
		c.Delete(definitionAPI, "CustomResourceDefinition", name)
		c.Eventually(definitionAPI, "CustomResourceDefinition", name, "metadata.name", "-")
	}
	c.Namespace("kube-system")
	c.Namespace("cilium-secrets")
	settings := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata:\n"
	for key, value := range ciliumSettings {
		settings += fmt.Sprintf("  %s: %q\n", key, value)
	}
	c.Apply(settings)
	t.Cleanup(func() { c.Delete("v1", "ConfigMap", "kube-system/cilium-config") })
	restart := start(t)
	// On a busy machine the genuine operator needs half a minute to make its kinds known, of which this is the last.
	c.Patience = time.Minute
	c.Eventually(definitionAPI, "CustomResourceDefinition", "ciliumnodeconfigs.cilium.io", established, `"True"`)
	for i, behaviour := range slices.Concat(ciliumStarts, ciliumPools, ciliumGateways) {
		t.Run(behaviour.name, func(t *testing.T) {
			prefix := strings.ToLower(strings.SplitN(t.Name(), "_", 2)[0])
			w := &ciliumWorld{server.Client(t), t, fmt.Sprintf("%s-%d", prefix, i), i, restart}
			w.Patience = time.Minute
			w.Namespace(w.namespace)
			t.Cleanup(w.leave)
			behaviour.hold(w)
		})
	}
}

// definitionsIn are the names of the definitions in a directory of them.
func definitionsIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(definitions, dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), ".yaml"))
	}
	return names
}

// leave takes away what the operator would go on with.
func (w *ciliumWorld) leave() {
	w.t.Helper()
	w.DeleteAll("v1", "Service", w.namespace)
	w.DeleteAll("v1", "Service", w.other())
	w.DeleteAll(ciliumAPI, "CiliumLoadBalancerIPPool", "")
}

// leaveGateways does so before, where there are gateways. Their class stays, for it may not go before them.
func (w *ciliumWorld) leaveGateways() {
	w.t.Helper()
	for _, kind := range []string{"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "Gateway", "ReferenceGrant"} {
		w.DeleteAll(gatewayAPI, kind, w.namespace)
		w.DeleteAll(gatewayAPI, kind, w.other())
	}
}

// other is a second namespace; neighbour makes it.
func (w *ciliumWorld) other() string { return w.namespace + "-other" }

func (w *ciliumWorld) neighbour(labels ...string) {
	w.t.Helper()
	w.Namespace(w.other(), labels...)
}

func (w *ciliumWorld) key(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return w.namespace + "/" + name
}

// ip is an address of this world.
func (w *ciliumWorld) ip(last int) string { return fmt.Sprintf("10.1.%d.%d", w.number, last) }

func (w *ciliumWorld) six(last int) string { return fmt.Sprintf("fd00:1:%d::%d", w.number, last) }

// field waits for a field of an object of this namespace, or of another that its name has before it, as JSON.
func (w *ciliumWorld) field(kind, name, path, want string) {
	w.t.Helper()
	w.Eventually(apiOf(kind), kind, w.key(name), path, want)
}

// never watches for a moment that the field is not that.
func (w *ciliumWorld) never(kind, name, path, unwanted string) {
	w.t.Helper()
	w.Never(apiOf(kind), kind, w.key(name), path, unwanted)
}

func (w *ciliumWorld) gone(kind, name string) {
	w.t.Helper()
	w.field(kind, name, "metadata.name", "-")
}

// condition waits for a condition, whose place and type come first, to have this status, reason and message.
func (w *ciliumWorld) condition(kind, name, conditions string, want ...string) {
	w.t.Helper()
	for i, field := range []string{"status", "reason", "message"}[:len(want)] {
		w.field(kind, name, conditions+"."+field, fmt.Sprintf("%q", want[i]))
	}
}

func apiOf(kind string) string {
	switch kind {
	case "Service", "Secret", "Namespace":
		return "v1"
	case "CiliumLoadBalancerIPPool":
		return ciliumAPI
	default:
		return gatewayAPI
	}
}

// escaped is a name in a path.
func escaped(name string) string { return strings.ReplaceAll(name, ".", "~") }
