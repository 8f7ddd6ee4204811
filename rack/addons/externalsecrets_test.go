package addons_test

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/home-ops/home-ops/rack/addons"
	"github.com/home-ops/home-ops/rack/onepassword"
)

const externalAPI = "external-secrets.io/v1"

func TestExternalSecrets_ReadsWhatConnectHasAndSaysWhatItLacks(t *testing.T) {
	connect := onepassword.New("token")
	connect.Put("home", "database", "username", "app")
	connect.Put("home", "database", "password", "hunter2")
	http := httptest.NewServer(connect)
	t.Cleanup(http.Close)
	c := play(t, func(o *addons.Options) { o.ConnectURL = func(string) string { return http.URL } })
	c.Define(definitions + "/external-secrets")
	c.Namespace("apps")
	c.Operator("external-secrets", "external-secrets")
	c.Apply(externals)
	store := func(want string) {
		t.Helper()
		c.Eventually(externalAPI, "ClusterSecretStore", "onepassword", "status.conditions.[type=Ready].message", fmt.Sprintf("%q", want))
	}
	store(`unable to create client: cannot get Kubernetes secret "connect-token" from namespace "external-secrets": secrets "connect-token" not found`)
	c.Apply("{apiVersion: v1, kind: Secret, metadata: {name: connect-token, namespace: external-secrets}, stringData: {token: token}}")
	c.Eventually(externalAPI, "ClusterSecretStore", "onepassword", "status.conditions.[type=Ready].status", `"False"`)
	c.Operator("external-secrets", "onepassword-connect")
	store("store validated")

	c.Eventually(externalAPI, "ExternalSecret", "apps/database", "status.conditions.[type=Ready].reason", `"SecretSynced"`)
	url := base64.StdEncoding.EncodeToString([]byte("postgres://app:hunter2@db"))
	c.Eventually("v1", "Secret", "apps/database", "data.url", fmt.Sprintf("%q", url))
	c.Eventually(externalAPI, "ExternalSecret", "apps/missing", "status.conditions.[type=Ready].message",
		`"could not get secret data from provider: error processing spec.data[0] (key: nothing), err: key not found in 1Password Vaults: nothing in: [home]"`)
}
