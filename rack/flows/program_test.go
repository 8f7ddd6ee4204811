package flows_test

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	ciliumobjects "github.com/home-ops/home-ops/components/cilium/objects"
	ciliumvalues "github.com/home-ops/home-ops/components/cilium/values"
	edgeobjects "github.com/home-ops/home-ops/components/edge/objects"
	edgevalues "github.com/home-ops/home-ops/components/edge/values"
	fluxobjects "github.com/home-ops/home-ops/components/flux/objects"
	rookobjects "github.com/home-ops/home-ops/components/rook/objects"
	rookvalues "github.com/home-ops/home-ops/components/rook/values"
	storeobjects "github.com/home-ops/home-ops/components/secretstore/objects"
	storevalues "github.com/home-ops/home-ops/components/secretstore/values"
	"github.com/home-ops/home-ops/spec"
)

// program adds what the program makes: objects, and what the charts of its releases hold.
func (p *planner) program() {
	p.cilium()
	p.bodies(fluxobjects.All(p.stack)...)
	p.chart("flux-operator", "flux-operator", fluxobjects.Namespace, nil)
	if p.stack.Storage.RookCeph != nil {
		set, err := rookobjects.For(p.stack)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, object := range set.All() {
			p.bodies(object.Body)
		}
		p.release("rook-ceph", "rook-ceph", rookobjects.Namespace, rookvalues.For)
	}
	if edgeobjects.Wanted(p.stack) {
		p.edge()
	}
	if p.stack.Secrets.OnePassword != nil {
		p.bodies(storeobjects.All(p.stack)...)
		p.release("external-secrets", "external-secrets", storeobjects.SystemNamespace, storevalues.ExternalSecrets)
		if storeobjects.InCluster(p.stack) {
			p.release("connect", "onepassword-connect", storeobjects.SystemNamespace, storevalues.Connect)
		}
	}
}

func (p *planner) cilium() {
	plan, err := bgp.New(p.stack)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, object := range ciliumobjects.For(p.stack, plan).All() {
		p.bodies(object.Body)
	}
	p.release("cilium", "cilium", "kube-system", func(stack *spec.Stack) (map[string]any, error) {
		return ciliumvalues.For(stack, plan)
	})
}

func (p *planner) edge() {
	for _, object := range edgeobjects.All(p.stack) {
		p.bodies(object.Body)
	}
	p.release("cert-manager", "cert-manager", edgeobjects.CertManagerNamespace, edgevalues.CertManager)
	if edgeobjects.Published(p.stack) {
		p.release("external-dns", edgevalues.PublicDNS, edgeobjects.Namespace, edgevalues.ExternalDNSCloudflare)
	}
	if p.stack.Edge.DNS.UniFi != nil {
		p.release("external-dns", edgevalues.HomeDNS, edgeobjects.Namespace, edgevalues.ExternalDNSUniFi)
	}
	if len(p.stack.Edge.Gateways.DNS) > 0 {
		p.release("k8s-gateway", "k8s-gateway", edgeobjects.Namespace, edgevalues.K8sGateway)
	}
}

// release adds what a release of a component would install.
func (p *planner) release(chart, name, namespace string, values func(*spec.Stack) (map[string]any, error)) {
	given, err := values(p.stack)
	if err != nil {
		p.t.Fatal(err)
	}
	p.chart(chart, name, namespace, given)
}

// bodies adds objects, passed through JSON as on their way to the API server.
func (p *planner) bodies(bodies ...any) {
	for _, body := range bodies {
		raw, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(raw); err != nil {
			p.t.Fatal(err)
		}
		p.add(o)
	}
}
