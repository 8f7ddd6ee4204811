package edge

import (
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/edge/tunnel"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

func TestTunnelRules_MatchTheGoldens(t *testing.T) {
	for _, stack := range []*spec.Stack{home(t), lab(t), ownCA(t)} {
		t.Run(stack.Name, func(t *testing.T) {
			golden.Documents(t, "tunnel/"+stack.Name+".yaml", TunnelRules(stack))
		})
	}
}

func TestTunnelRules_ReachTheExternalGatewayAlone(t *testing.T) {
	rules := TunnelRules(home(t))
	last := rules[len(rules)-1]
	if last.Host != "" || last.Service != "http_status:404" {
		t.Errorf("the rest goes to %+v", last)
	}
	for _, rule := range rules[:len(rules)-1] {
		if rule.Service != "https://cilium-gateway-external.network.svc.cluster.local:443" {
			t.Errorf("%s goes to %s", rule.Host, rule.Service)
		}
	}
}

func TestTunnelRules_LeadTheWebhookThroughTheGateway(t *testing.T) {
	stack := home(t)
	host := stack.Flux.Webhook.Host
	if !slices.ContainsFunc(TunnelRules(stack), func(r tunnel.Rule) bool {
		return strings.HasPrefix(r.Host, "*.") && strings.HasSuffix(host, r.Host[1:])
	}) {
		t.Errorf("no rule for %s", host)
	}
}

func TestTunnelRules_AreNoneWithoutATunnel(t *testing.T) {
	for _, stack := range []*spec.Stack{direct(t), none(t)} {
		if rules := TunnelRules(stack); len(rules) > 0 {
			t.Errorf("%s has %+v", stack.Name, rules)
		}
	}
}
