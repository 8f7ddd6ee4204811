package objects_test

import (
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/spec/spectest"
)

// policy is the policy of that name among a stack's.
func policy(t *testing.T, made []objects.Object, name string) *ciliumio.ClusterwideNetworkPolicy {
	t.Helper()
	i := slices.IndexFunc(made, func(o objects.Object) bool { return o.Name == name })
	if i < 0 {
		t.Fatalf("no %s", name)
	}
	return made[i].Body.(*ciliumio.ClusterwideNetworkPolicy)
}

func TestPolicies_KeepTheConnectorFromTheHomeTheNodesAndTheAPI(t *testing.T) {
	for _, stack := range stacks(t) {
		if !objects.Tunnelled(stack) {
			continue
		}
		p := policy(t, objects.Policies(stack), "policy-cloudflared")
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
							t.Errorf("%s: reaches the world on port %s", stack.Name, port.Port)
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
	stack := spectest.Load(t, "../../../Pulumi.lab.yaml")
	stack.Edge.DNS.UniFi.URL = "https://10.20.0.1:8443"
	p := policy(t, objects.Policies(stack), "policy-external-dns")
	world := p.Spec.Egress[len(p.Spec.Egress)-1].ToPorts[0].Ports
	if !slices.Contains(world, ciliumio.PortProtocol{Protocol: "TCP", Port: "8443"}) {
		t.Errorf("reaches %v", world)
	}
}
