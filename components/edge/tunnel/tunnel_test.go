package tunnel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/edge/tunnel"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestRules_MatchTheGoldens(t *testing.T) {
	for _, path := range []string{
		"../../../Pulumi.home.yaml", "../../../Pulumi.lab.yaml", "../testdata/Pulumi.own-ca.yaml",
	} {
		stack := spectest.Load(t, path)
		t.Run(stack.Name, func(t *testing.T) {
			golden.Documents(t, stack.Name+".yaml", tunnel.Rules(stack))
		})
	}
}

func TestRules_ReachTheExternalGatewayAlone(t *testing.T) {
	rules := tunnel.Rules(spectest.Load(t, "../../../Pulumi.home.yaml"))
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

func TestRules_LeadTheWebhookThroughTheGateway(t *testing.T) {
	stack := spectest.Load(t, "../../../Pulumi.home.yaml")
	host := stack.Flux.Webhook.Host
	if !slices.ContainsFunc(tunnel.Rules(stack), func(r tunnel.Rule) bool {
		return strings.HasPrefix(r.Host, "*.") && strings.HasSuffix(host, r.Host[1:])
	}) {
		t.Errorf("no rule for %s", host)
	}
}
