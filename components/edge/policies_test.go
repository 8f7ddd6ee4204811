package edge

import (
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// policyOf is a stack's policy of that name.
func policyOf(t *testing.T, stack *spec.Stack, name string) *ciliumio.ClusterwideNetworkPolicy {
	t.Helper()
	all := policies(stack)
	i := slices.IndexFunc(all, func(p *ciliumio.ClusterwideNetworkPolicy) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no %s", name)
	}
	return all[i]
}

func TestPolicies_KeepTheConnectorFromTheHomeNetworkTheNodesAndTheAPI(t *testing.T) {
	for _, stack := range stacks(t) {
		if !tunnelled(stack) {
			continue
		}
		p := policyOf(t, stack, "edge-cloudflared")
		if !p.Spec.EnableDefaultDeny.Egress {
			t.Errorf("%s: the rest is not refused", stack.Name)
		}
		for _, rule := range p.Spec.Egress {
			for _, entity := range rule.ToEntities {
				switch entity {
				case ciliumio.EntityIngress:
				case ciliumio.EntityWorld:
					for _, port := range rule.ToPorts[0].Ports {
						if port.Port != "7844" {
							t.Errorf("%s: reaches the internet on port %s", stack.Name, port.Port)
						}
					}
				default:
					t.Errorf("%s: reaches %s", stack.Name, entity)
				}
			}
		}
	}
}

func TestPolicies_LetExternalDNSReachAControllerOnItsPort(t *testing.T) {
	stack := lab(t)
	stack.Edge.DNS.UniFi.URL = "https://10.20.0.1:8443"
	p := policyOf(t, stack, "edge-external-dns")
	internet := p.Spec.Egress[len(p.Spec.Egress)-1].ToPorts[0].Ports
	if !slices.Contains(internet, ciliumio.PortProtocol{Protocol: "TCP", Port: "8443"}) {
		t.Errorf("reaches %v", internet)
	}
}
