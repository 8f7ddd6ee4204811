package addons_test

import (
	"net/http/httptest"
	"testing"

	"github.com/home-ops/home-ops/rack/addons"
	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/externalsecrets"
	"github.com/home-ops/home-ops/rack/onepassword"
)

func playExternalSecrets(connectURL func(string) string) func(*addons.Options) {
	return func(o *addons.Options) { o.More = []cluster.Controller{externalsecrets.Controller(connectURL)} }
}

func TestSimulatedExternalSecrets_DoWhatExternalSecretsDo(t *testing.T) {
	holdExternalSecrets(t, func(t *testing.T) {
		t.Helper()
		play(t, playExternalSecrets(nil)).Operator("external-secrets", "external-secrets")
	})
}

// Outside of the cluster, where the rack's operators are, Connect is found at another address; yet it answers while its pod is ready.
func TestSimulatedExternalSecrets_ReachConnectWhileItsPodIsReady(t *testing.T) {
	connect := onepassword.New("token")
	connect.Put("home", "database", "username", "app")
	connect.Put("home", "database", "password", "hunter2")
	http := httptest.NewServer(connect)
	t.Cleanup(http.Close)
	c := play(t, playExternalSecrets(func(string) string { return http.URL }))
	c.Define(definitions + "/external-secrets")
	c.Namespace("apps")
	c.Operator("external-secrets", "external-secrets")
	c.Apply(externals)
	c.Apply("{apiVersion: v1, kind: Secret, metadata: {name: connect-token, namespace: external-secrets}, stringData: {token: token}}")
	t.Cleanup(func() {
		c.DeleteAll(externalAPI, "ExternalSecret", "apps")
		c.Delete(externalAPI, "ClusterSecretStore", "onepassword")
		c.Delete("v1", "Secret", "external-secrets/connect-token")
	})
	store := func(want string) {
		t.Helper()
		c.Eventually(externalAPI, "ClusterSecretStore", "onepassword", "status.conditions.[type=Ready].message", want)
	}
	store(`"unable to validate store"`)
	stop := c.Operator("external-secrets", "onepassword-connect")
	store(`"store validated"`)
	c.Eventually(externalAPI, "ExternalSecret", "apps/database", "status.conditions.[type=Ready].reason", `"SecretSynced"`)
	stop()
	store(`"unable to validate store"`)
}
