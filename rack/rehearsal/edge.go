package rehearsal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	edgeaccess "github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/gitops"
)

// edge is the way in from the public: the provider's edge, the tunnel, the external gateway and its routes. The data
// path is simulated; what it follows is real: the tunnel's configuration as the program wrote it, and the objects of
// the cluster.
type edge struct {
	// public gives where a public request ends up outside the cluster; nil without a zone.
	public *cloudflare.Server

	mu      sync.Mutex
	cluster *rest.Config
}

var routes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// attach lets the edge look into the cluster.
func (e *edge) attach(cluster *rest.Config) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cluster = cluster
}

// ServeHTTP carries a public request as far as a data path goes: to Flux's receiver, which is real. Of any other service
// it tells the name.
func (e *edge) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	backend, err := e.follow(req.Context(), req.Host, req.URL.Path)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	case backend.name == gitops.Namespace+"/webhook-receiver":
		receiver := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: gitops.ReceiverAddress})
		receiver.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
		receiver.ServeHTTP(w, req)
	default:
		_, _ = fmt.Fprintf(w, "the rehearsal's edge reached %s\n", backend.name)
	}
}

// backend is the service that a request ends at.
type backend struct {
	// name is NAMESPACE/NAME.
	name string
	// route is the HTTPRoute that leads there, NAMESPACE/NAME.
	route string
}

// follow goes the way of a public request. The error says where it ends.
func (e *edge) follow(ctx context.Context, host, path string) (backend, error) {
	if e.public == nil {
		return backend{}, fmt.Errorf("%s: nobody publishes names for this stack", host)
	}
	to, err := e.public.Route(host, path)
	if err != nil {
		return backend{}, err
	}
	u, err := url.Parse(to.Service)
	if err != nil || to.Tunnel == "" {
		return backend{}, fmt.Errorf("%s: it leads to %q, and to no tunnel", host, to.Address)
	}
	external := fmt.Sprintf("cilium-gateway-%s.%s.svc", edgeaccess.ExternalGateway, edgeaccess.Namespace)
	if u.Hostname() != external && !strings.HasPrefix(u.Hostname(), external+".") {
		return backend{}, fmt.Errorf("%s: the tunnel leads to %s, which is not the external gateway", host, to.Service)
	}
	return e.behind(ctx, edgeaccess.ExternalGateway, host)
}

// behind finds the service that a gateway leads a host to.
func (e *edge) behind(ctx context.Context, gateway, host string) (backend, error) {
	e.mu.Lock()
	cluster := e.cluster
	e.mu.Unlock()
	if cluster == nil {
		return backend{}, errors.New("there is no cluster yet")
	}
	client, err := dynamic.NewForConfig(cluster)
	if err != nil {
		return backend{}, err
	}
	list, err := client.Resource(routes).List(ctx, metav1.ListOptions{})
	if err != nil {
		return backend{}, err
	}
	for _, route := range list.Items {
		hostnames, _, _ := unstructured.NestedStringSlice(route.Object, "spec", "hostnames")
		if !slices.Contains(hostnames, host) || !accepted(route.Object, gateway) {
			continue
		}
		rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
		for _, rule := range rules {
			refs, _, _ := unstructured.NestedSlice(rule.(map[string]any), "backendRefs")
			for _, ref := range refs {
				name, _, _ := unstructured.NestedString(ref.(map[string]any), "name")
				return backend{name: route.GetNamespace() + "/" + name, route: route.GetNamespace() + "/" + route.GetName()}, nil
			}
		}
	}
	return backend{}, fmt.Errorf("%s: gateway %s has no route for it", host, gateway)
}

// accepted reports whether a route is attached to the gateway, as the gateway's controller sees it.
func accepted(route map[string]any, gateway string) bool {
	parents, _, _ := unstructured.NestedSlice(route, "status", "parents")
	return slices.ContainsFunc(parents, func(p any) bool {
		parent, _ := p.(map[string]any)
		name, _, _ := unstructured.NestedString(parent, "parentRef", "name")
		conditions, _, _ := unstructured.NestedSlice(parent, "conditions")
		return name == gateway && slices.ContainsFunc(conditions, func(c any) bool {
			condition, _ := c.(map[string]any)
			return condition["type"] == "Accepted" && condition["status"] == "True"
		})
	})
}

// playEdge is how the public reaches the cluster: the zone that holds its names, and the way behind them.
func (w *world) playEdge(context.Context) error {
	w.edge = &edge{}
	if c := w.stack.Edge.Cloudflare; c != nil {
		id := c.ZoneID
		if id == "" {
			id = "0d3f1a5c7e9b2d4f6a8c0e1f3b5d7a9c"
		}
		w.edge.public = cloudflare.New(cloudflare.Options{
			Tokens: []string{w.secrets.of(c.APITokenRef)},
			Zones:  []cloudflare.Zone{{ID: id, Name: c.Zone, Account: c.AccountID}},
		})
		w.services[cloudflare.Host] = w.edge.public
	}
	if webhook := w.stack.Flux.Webhook; webhook != nil {
		w.services[webhook.Host] = w.edge
	}
	return nil
}

// clientPatience is how long a client waits for an outside service: a call that a fault left without an answer would hold
// its program for ever, long after the service is well again.
const clientPatience = 30 * time.Second

// client reaches the outside services as any of them reaches another.
func (w *world) client() *http.Client {
	return &http.Client{Timeout: clientPatience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.authority.Pool(), MinVersion: tls.VersionTLS12}}}
}
