package lbipam

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
)

// block is a pool of one block, FIRST-LAST or a CIDR.
func block(name, text string, change ...func(*pool)) *pool {
	p := &pool{ObjectMeta: metav1.ObjectMeta{Name: name}}
	first, last, isRange := strings.Cut(text, "-")
	if isRange {
		p.Spec.Blocks = []ciliumio.IPBlock{{Start: first, Stop: last}}
	} else {
		p.Spec.Blocks = []ciliumio.IPBlock{{CIDR: text}}
	}
	for _, apply := range change {
		apply(p)
	}
	return p
}

// service is one with a port 80, in this namespace/name, with annotations as pairs.
func service(key string, pairs ...string) *corev1.Service {
	namespace, name, _ := strings.Cut(key, "/")
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: map[string]string{}, Labels: map[string]string{"app": name}}}
	for i := 0; i < len(pairs); i += 2 {
		s.Annotations[pairs[i]] = pairs[i+1]
	}
	s.Spec.Type, s.Spec.IPFamilies = corev1.ServiceTypeLoadBalancer, []corev1.IPFamily{corev1.IPv4Protocol}
	s.Spec.Ports = []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP}}
	return s
}

// given is what each service gets, or why not.
func given(t *testing.T, pools []*pool, services ...*corev1.Service) []string {
	t.Helper()
	a := &assignment{taken: map[netip.Addr][]*request{}}
	ranges := map[*pool][]*addresses{}
	for _, p := range pools {
		list, err := rangesOf(p)
		if err != nil {
			t.Fatal(err)
		}
		ranges[p], a.ranges = list, append(a.ranges, list...)
	}
	settleConflicts(pools, ranges)
	var requests []*request
	for _, s := range services {
		requests = append(requests, requestOf(s, nil))
	}
	refusals := a.assign(requests)
	var texts []string
	for i, r := range requests {
		text := refusals[i].message
		for _, address := range r.given {
			text = strings.TrimSpace(text + " " + address.String())
		}
		texts = append(texts, text)
	}
	return texts
}

func TestAssign_GivesWhatIsThereAndSaysWhyNot(t *testing.T) {
	both := func(s *corev1.Service) *corev1.Service {
		policy := corev1.IPFamilyPolicyRequireDualStack
		s.Spec.IPFamilies, s.Spec.IPFamilyPolicy = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}, &policy
		return s
	}
	has := func(s *corev1.Service, ip string) *corev1.Service {
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: ip}}
		return s
	}
	port := func(s *corev1.Service, number int32) *corev1.Service {
		s.Spec.Ports[0].Port = number
		return s
	}
	small := []*pool{block("small", "10.0.0.10-10.0.0.11")}
	ips, key := addressAnnotations[0], sharingAnnotations[0]
	for name, test := range map[string]struct {
		pools    []*pool
		services []*corev1.Service
		want     []string
	}{
		"the next free one": {small, []*corev1.Service{service("a/1"), service("a/2"), service("a/3")}, []string{
			"10.0.0.10", "10.0.0.11", "All enabled CiliumLoadBalancerIPPools that match this service ran out of allocatable IPs",
		}},
		"one of each family": {
			[]*pool{small[0], block("six", "fd00::/126", func(p *pool) { p.Spec.AllowFirstLastIPs = "No" })},
			[]*corev1.Service{both(service("a/1"))},
			[]string{"10.0.0.10 fd00::1"},
		},
		"a family that no pool has": {small, []*corev1.Service{both(service("a/1"))}, []string{
			"There are no enabled CiliumLoadBalancerIPPools that match this service 10.0.0.10",
		}},
		"what it has, before those that come": {
			small, []*corev1.Service{service("a/1"), has(service("a/2"), "10.0.0.10")}, []string{"10.0.0.11", "10.0.0.10"},
		},
		"another one for what it may no longer have": {
			small, []*corev1.Service{has(service("a/1"), "10.9.0.1")}, []string{"10.0.0.10"},
		},
		"what it asks for": {small, []*corev1.Service{service("a/1", ips, "10.0.0.11"), service("a/2")}, []string{"10.0.0.11", "10.0.0.10"}},
		"what it asks for by the older name": {
			small, []*corev1.Service{service("a/1", addressAnnotations[1], "10.0.0.11")}, []string{"10.0.0.11"},
		},
		"nothing of what another has": {
			small,
			[]*corev1.Service{service("a/1"), service("a/2", ips, "10.0.0.10")},
			[]string{"10.0.0.10", "The IP '10.0.0.10' is already allocated to another service"},
		},
		"nothing out of a pool for others": {
			[]*pool{block("other", "10.0.0.10-10.0.0.11", func(p *pool) {
				p.Spec.ServiceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "other"}}
			})},
			[]*corev1.Service{service("a/1", ips, "10.0.0.10"), service("a/2"), service("a/other")},
			[]string{
				"The pool with the CIDR containing '10.0.0.10', doesn't select this service",
				"There are no enabled CiliumLoadBalancerIPPools that match this service", "10.0.0.10",
			},
		},
		"a shared one by a common key": {
			small, []*corev1.Service{service("a/1", key, "k"), port(service("a/2", key, "k"), 443)}, []string{"10.0.0.10", "10.0.0.10"},
		},
		"one of its own when the ports are the same": {
			small, []*corev1.Service{service("a/1", key, "k"), service("a/2", key, "k")}, []string{"10.0.0.10", "10.0.0.11"},
		},
		"no shared one in another namespace": {
			small, []*corev1.Service{service("a/1", key, "k"), port(service("b/2", key, "k", ips, "10.0.0.10"), 443)}, []string{
				"10.0.0.10", "The IP '10.0.0.10' is already allocated to an incompatible service. Reason: different and not permitted namespace",
			},
		},
		"nothing out of the younger of two pools that overlap": {
			[]*pool{block("old", "10.0.0.0/31"), block("young", "10.0.0.1-10.0.0.9")},
			[]*corev1.Service{service("a/1", ips, "10.0.0.9")},
			[]string{"No pool exists with a CIDR containing '10.0.0.9'"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(t, test.pools, test.services...); strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestCount_TellsHowManyThereAre(t *testing.T) {
	p := block("p", "10.0.0.0/24", func(p *pool) { p.Spec.AllowFirstLastIPs = "No" })
	ranges, err := rangesOf(p)
	if err != nil {
		t.Fatal(err)
	}
	count(p, ranges, map[netip.Addr][]*request{netip.MustParseAddr("10.0.0.7"): nil, netip.MustParseAddr("10.9.0.7"): nil})
	var texts []string
	for _, c := range p.Status.Conditions {
		texts = append(texts, c.Type+" "+c.Message)
	}
	want := "cilium.io/IPsTotal 256, cilium.io/IPsAvailable 253, cilium.io/IPsUsed 3"
	if got := strings.Join(texts, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
