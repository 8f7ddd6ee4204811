package addons_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
)

const certAPI = "cert-manager.io/v1"

func TestCertManager_IssuesRealCertificatesOnceTheSolverHasItsToken(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/cert-manager")
	c.Namespace("network")
	c.Operator("cert-manager", "cert-manager")
	c.Apply(certificates)
	c.Eventually(certAPI, "ClusterIssuer", "letsencrypt", "status.conditions.[type=Ready].reason", `"ACMEAccountRegistered"`)
	c.Eventually(certAPI, "Certificate", "network/wildcard", "status.conditions.[type=Ready].message", `"Issuing certificate as Secret does not exist"`)
	c.Eventually(certAPI, "Certificate", "network/wildcard", "status.conditions.[type=Issuing].message",
		`"Issuing certificate as Secret does not exist: example.com: error getting cloudflare secret: secrets \"cloudflare\" not found; `+
			`*.example.com: error getting cloudflare secret: secrets \"cloudflare\" not found"`)
	c.Apply("{apiVersion: v1, kind: Secret, metadata: {name: cloudflare, namespace: cert-manager}, stringData: {token: t}}")
	c.Eventually(certAPI, "Certificate", "network/wildcard", "status.conditions.[type=Ready].status", `"True"`)
	c.Eventually(certAPI, "Certificate", "network/wildcard", "status.conditions.[type=Issuing]", "-")

	c.Eventually(certAPI, "Issuer", "network/authority", "status.conditions.[type=Ready].reason", `"KeyPairVerified"`)
	c.Eventually(certAPI, "Certificate", "network/app", "status.conditions.[type=Ready].status", `"True"`)
	read := func(key, field string) []byte {
		text, err := base64.StdEncoding.DecodeString(strings.Trim(c.Field("v1", "Secret", key, "data."+field), `"`))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	pair, err := tls.X509KeyPair(read("network/app", "tls~crt"), read("network/app", "tls~key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read("network/authority", "tls~crt"))
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: "app.internal", Roots: roots}); err != nil {
		t.Error(err)
	}
}
