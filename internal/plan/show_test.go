package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/internal/plan"
)

func TestYAML_ShowsTheWholePlanWithTheNamesOfLateValues(t *testing.T) {
	dns := release("dns")
	dns.Values = map[string]any{"replicas": 2, "unset": nil}
	dns.Timeout = 10 * time.Minute
	secret := settings("token")
	steps := plan.Steps{
		{Name: "kinds", Download: &plan.Download{URL: "https://example.test/kinds.yaml", Groups: []string{"example.test"}}},
		{
			Name: "token", Object: secret, Keep: plan.Protect, Timeout: 30 * time.Minute, After: []string{"kinds"},
			From: []plan.From{{Path: []string{"data", "token"}, Value: "api-token"}},
		},
		{
			Name: "dns", Release: dns, Needs: []plan.Condition{plan.Network}, After: []string{"token"},
			From: []plan.From{{Path: []string{"podAnnotations", "hash"}, Value: "api-token-hash"}},
		},
	}
	got, err := steps.YAML()
	if err != nil {
		t.Fatal(err)
	}
	const want = `download:
  groups:
    - example.test
  url: https://example.test/kinds.yaml
step: kinds
---
after:
  - kinds
keep: protect
object:
  apiVersion: v1
  data:
    token: <api-token>
  kind: ConfigMap
  metadata:
    name: token
    namespace: home-ops
step: token
timeout: 30m0s
---
after:
  - token
needs:
  - network
release:
  chart: oci://registry.test/charts/dns 1.2.3
  name: dns
  namespace: home-ops
  timeout: 10m0s
  values:
    podAnnotations:
      hash: <api-token-hash>
    replicas: 2
step: dns
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if secret.Data != nil || dns.Values["podAnnotations"] != nil {
		t.Error("showing a plan changed it")
	}
}

func TestShown_RefusesAValueInsideAText(t *testing.T) {
	step := plan.Step{Name: "a", Object: settings("a"), From: []plan.From{{Path: []string{"kind", "x"}, Value: "v"}}}
	if _, err := step.Shown(); err == nil || err.Error() != "a: kind.x: kind is not a map" {
		t.Errorf("error %v", err)
	}
}

func TestChart_IsAddressedAsItsRegistryWants(t *testing.T) {
	for registry, want := range map[string]string{
		"oci://quay.io/cilium/charts/":   "oci://quay.io/cilium/charts/cilium",
		"https://charts.rook.io/release": "cilium",
	} {
		if got := (plan.Chart{Registry: registry, Name: "cilium"}).Reference(); got != want {
			t.Errorf("%s: %s, want %s", registry, got, want)
		}
	}
}
