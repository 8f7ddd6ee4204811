package gatewayapi_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
)

func TestParse_ReadsTheKindsOfARelease(t *testing.T) {
	objects, err := gatewayapi.Parse(read(t, "release.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.Name())
	}
	want := []string{
		"gatewayclasses.gateway.networking.k8s.io", "xlistenersets.gateway.networking.x-k8s.io",
		"safe-upgrades.gateway.networking.k8s.io",
	}
	if !slices.Equal(names, want) {
		t.Errorf("objects %v, want %v", names, want)
	}
}

func TestParse_RefusesEverythingElse(t *testing.T) {
	for file, want := range map[string]string{
		"another-group.yaml": `it holds CustomResourceDefinition "things.example.com", which is no kind of the Gateway API`,
		"another-kind.yaml":  `it holds ClusterRoleBinding "x.gateway.networking.k8s.io", which is no kind of the Gateway API`,
		"empty.yaml":         "not a manifest: it holds no object",
		"login-page.html": "not a manifest: yaml: unmarshal errors:\n" +
			"  line 1: cannot unmarshal !!str `<html>p...` into map[string]interface {}",
	} {
		t.Run(file, func(t *testing.T) {
			if _, err := gatewayapi.Parse(read(t, "invalid/"+file)); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
