package cilium

import (
	"net/netip"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// end is one end of a connection: a pod, with the labels that Cilium gives it, or
// an entity.
type end struct {
	labels map[string]string
	entity ciliumio.Entity
	// address is that of an end in the outside.
	address netip.Addr
}

func pod(namespace string, namespaceLabels ...string) end {
	e := end{labels: map[string]string{"k8s:io.kubernetes.pod.namespace": namespace}}
	for i := 0; i+1 < len(namespaceLabels); i += 2 {
		e.labels["k8s:io.cilium.k8s.namespace.labels."+namespaceLabels[i]] = namespaceLabels[i+1]
	}
	return e
}

// What Cilium makes for itself has labels, but none of a namespace.
var healthEndpoint = end{labels: map[string]string{"reserved:health": ""}, entity: ciliumio.EntityHealth}

func entity(e ciliumio.Entity) end { return end{entity: e} }

func outside(address string) end {
	return end{entity: ciliumio.EntityWorld, address: netip.MustParseAddr(address)}
}

func TestPolicies_SegmentNamespacesAndLetTheClusterWork(t *testing.T) {
	app, other := pod("photos"), pod("music")
	own := pod("flux-system", "home-ops.github.io/network-policy", "own")
	dashboard := pod("monitoring", "home-ops.github.io/network-policy", "own", "home-ops.github.io/scraper", "true")
	scraper := pod("monitoring", "home-ops.github.io/network-policy", "own", "home-ops.github.io/scraper", "true")
	scraper.labels["k8s:app.kubernetes.io/name"] = "prometheus"
	system := pod("kube-system")

	for name, test := range map[string]struct {
		from, to end
		port     string
		want     bool
	}{
		"an application reaches no other":                   {app, other, "80", false},
		"nor pods of its own namespace without a policy":    {app, app, "5432", false},
		"it reaches cluster DNS":                            {app, system, "53", true},
		"it reaches the Kubernetes API":                     {app, entity(ciliumio.EntityKubeAPIServer), "6443", true},
		"but not the Talos API on the same machine":         {app, entity(ciliumio.EntityKubeAPIServer), "50000", false},
		"nor a kubelet":                                     {app, entity(ciliumio.EntityRemoteNode), "10250", false},
		"nor its own node":                                  {app, entity(ciliumio.EntityHost), "9100", false},
		"it reaches the internet":                           {app, outside("203.0.113.7"), "443", true},
		"of both families":                                  {app, outside("2001:db8::7"), "443", true},
		"but not the home":                                  {app, outside("192.168.178.20"), "443", false},
		"nor by the other family":                           {app, outside("fd12:3456::20"), "443", false},
		"it reaches gateways":                               {app, entity(ciliumio.EntityIngress), "443", true},
		"gateways reach it":                                 {entity(ciliumio.EntityIngress), app, "8080", true},
		"the kubelet probes it":                             {entity(ciliumio.EntityHost), app, "8080", true},
		"a load balancer on another node reaches it":        {entity(ciliumio.EntityRemoteNode), app, "8080", true},
		"the API server calls its webhooks":                 {entity(ciliumio.EntityKubeAPIServer), app, "9443", true},
		"nobody outside reaches it directly":                {entity(ciliumio.EntityWorld), app, "8080", false},
		"metrics are scraped":                               {scraper, app, "9090", true},
		"by Prometheus alone":                               {dashboard, app, "9090", false},
		"the system's pods need nothing":                    {system, entity(ciliumio.EntityHost), "10250", true},
		"a namespace with policies of its own is let alone": {own, own, "9292", true},
		"also by the outside":                               {entity(ciliumio.EntityWorld), own, "443", true},
		"health checks pass":                                {entity(ciliumio.EntityRemoteNode), healthEndpoint, "4240", true},
		"and answer":                                        {healthEndpoint, entity(ciliumio.EntityRemoteNode), "4240", true},
	} {
		t.Run(name, func(t *testing.T) {
			stack := dual(t)
			if got := allowed(policies(stack), test.from, test.to, test.port); got != test.want {
				t.Errorf("allowed: %t, want %t", got, test.want)
			}
		})
	}
}

// allowed follows Cilium's rules: an end that no policy chooses may do anything,
// one that is chosen only what some policy allows; both ends must agree.
func allowed(policies []*ciliumio.ClusterwideNetworkPolicy, from, to end, port string) bool {
	egress, ingress := true, true
	for _, p := range policies {
		if p.Spec.EnableDefaultDeny.Egress && from.labels != nil && matches(p.Spec.EndpointSelector, from.labels) {
			egress = slices.ContainsFunc(p.Spec.Egress, func(r ciliumio.EgressRule) bool {
				return (peers(r.ToEndpoints, r.ToEntities, to) || networks(r.ToCIDRSet, to.address)) && ports(r.ToPorts, port)
			})
		}
		if p.Spec.EnableDefaultDeny.Ingress && to.labels != nil && matches(p.Spec.EndpointSelector, to.labels) {
			ingress = slices.ContainsFunc(p.Spec.Ingress, func(r ciliumio.IngressRule) bool {
				return peers(r.FromEndpoints, r.FromEntities, from)
			})
		}
	}
	return egress && ingress
}

func peers(selectors []metav1.LabelSelector, entities []ciliumio.Entity, who end) bool {
	chosen := slices.ContainsFunc(selectors, func(s metav1.LabelSelector) bool {
		return who.labels != nil && matches(s, who.labels)
	})
	return chosen || slices.Contains(entities, who.entity)
}

func networks(rules []ciliumio.CIDRRule, address netip.Addr) bool {
	within := func(network string) bool { return netip.MustParsePrefix(network).Contains(address) }
	return slices.ContainsFunc(rules, func(r ciliumio.CIDRRule) bool {
		return within(r.CIDR) && !slices.ContainsFunc(r.Except, within)
	})
}

func ports(rules []ciliumio.PortRule, port string) bool {
	return len(rules) == 0 || slices.ContainsFunc(rules[0].Ports, func(p ciliumio.PortProtocol) bool { return p.Port == port })
}

// matches is a label selector's own rule, in which NotIn holds where the label is
// missing. Kubernetes's would refuse Cilium's keys, which have a colon.
func matches(s metav1.LabelSelector, labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if labels[key] != value {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		value, has := labels[e.Key]
		listed := has && slices.Contains(e.Values, value)
		switch e.Operator {
		case metav1.LabelSelectorOpExists:
			if !has {
				return false
			}
		case metav1.LabelSelectorOpNotIn:
			if listed {
				return false
			}
		default:
			panic("no policy uses " + e.Operator)
		}
	}
	return true
}

func TestPolicies_AreOptional(t *testing.T) {
	stack := dual(t)
	stack.Cilium.PolicyBaseline = false
	if got := policies(stack); got != nil {
		t.Errorf("%d policies without the baseline", len(got))
	}
}

// The baseline leaves out their namespace, so Hubble's pods are kept without it too.
func TestHubblePolicies_AreThereForWhatRuns(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   []string
	}{
		"Relay and UI": {func(*spec.Stack) {}, []string{"hubble-relay", "hubble-ui"}},
		"without the baseline": {
			func(s *spec.Stack) { s.Cilium.PolicyBaseline = false }, []string{"hubble-relay", "hubble-ui"},
		},
		"Relay alone": {func(s *spec.Stack) { s.Cilium.Hubble.UI = false }, []string{"hubble-relay"}},
		"neither":     {func(s *spec.Stack) { s.Cilium.Hubble.Relay = false }, nil},
		"no Hubble":   {func(s *spec.Stack) { s.Cilium.Hubble.Enabled = false }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			stack := dual(t)
			test.change(stack)
			var got []string
			for _, policy := range hubblePolicies(stack) {
				got = append(got, policy.Name)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
