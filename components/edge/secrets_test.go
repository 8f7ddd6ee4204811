package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/spec"
)

func TestEdgeAccess_PutsEachSecretWhereItBelongs(t *testing.T) {
	dynamic := direct(t)
	dynamic.Edge.DNS.PublicTarget = ""
	for _, test := range []struct {
		stack             *spec.Stack
		secret, key, want string
	}{
		{home(t), "edge-cert-manager-token", "api-token", theToken},
		{home(t), "edge-external-dns-token", "api-token", theToken},
		{home(t), "edge-tunnel-token", "api-token", runTunnel},
		{lab(t), "edge-unifi-key", "api-key", theKey},
		{ownCA(t), "edge-authority", "tls.crt", theCACert},
		{ownCA(t), "edge-authority", "tls.key", theCAKey},
		// A token of the cluster's own.
		{direct(t), "edge-cert-manager-token", "api-token", newToken},
		{direct(t), "edge-external-dns-token", "api-token", newToken},
		{dynamic, "edge-external-dns-token", "api-token", newToken},
	} {
		rec := registered(t, test.stack)
		data, isSecret := rec.Find(t, test.secret).Value("stringData")
		got := data.ObjectValue()[resource.PropertyKey(test.key)]
		if got.IsSecret() {
			got = got.SecretValue().Element
		}
		if !isSecret || got.StringValue() != test.want {
			t.Errorf("%s: %s holds %v as %s", test.stack.Name, test.secret, got, test.key)
		}
	}
}

func TestEdgeAccess_StartsPodsAnewWhenTheirSecretChanges(t *testing.T) {
	rec := registered(t, lab(t))
	for _, test := range []struct {
		name, secret string
		path         []resource.PropertyKey
	}{
		{"edge-cloudflared", runTunnel, []resource.PropertyKey{"spec", "template", "metadata", "annotations"}},
		{"edge-external-dns-cloudflare", theToken, []resource.PropertyKey{"values", "podAnnotations"}},
		{"edge-external-dns-unifi", theKey, []resource.PropertyKey{"values", "podAnnotations"}},
	} {
		below := rec.Find(t, test.name).Inputs
		for _, key := range test.path {
			below = below[key].ObjectValue()
		}
		got := below["home-ops.github.io/secret"]
		sum := sha256.Sum256([]byte(test.secret))
		if want := hex.EncodeToString(sum[:8]); !got.IsSecret() || got.SecretValue().Element.StringValue() != want {
			t.Errorf("%s has the fingerprint %v, want %s as a secret", test.name, got, want)
		}
	}
}

func TestEdgeAccess_ShowsNoSecret(t *testing.T) {
	for _, stack := range stacks(t) {
		rec := registered(t, stack)
		if found := rec.PlaintextOf(theToken, theKey, theSeed, theCAKey, newToken, runTunnel); len(found) > 0 {
			t.Errorf("%s: in plain: %v", stack.Name, found)
		}
	}
}
