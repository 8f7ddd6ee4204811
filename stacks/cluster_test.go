package stacks

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
)

// stackConfig is a stack file's configuration as the engine hands it on: objects as JSON.
func stackConfig(t *testing.T, file string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ Config map[string]any }
	if err := yaml.Unmarshal(raw, &parsed); err != nil {
		t.Fatal(err)
	}
	config := map[string]string{}
	for key, value := range parsed.Config {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		config[key] = string(text)
	}
	return config
}

// program is the whole program, but for the Gateway API's release, which is far away.
var program = Program{GatewayKinds: func(context.Context, spec.Version, spec.GatewayChannel) ([]gatewayapi.Object, error) {
	return []gatewayapi.Object{{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "gateways.gateway.networking.k8s.io"},
	}}, nil
}}.Run

func TestCluster_PreviewsTheHomeStack(t *testing.T) {
	rec := recorder.Recorder{Config: stackConfig(t, "../Pulumi.home.yaml")}
	if err := rec.Preview(program, "home"); err != nil {
		t.Fatal(err, rec.Messages())
	}
	if got := rec.OfType("talos:machine/configurationApply:ConfigurationApply"); len(got) != 5 {
		t.Errorf("%d nodes", len(got))
	}
	want := []string{"endpoint", "kubeconfig", "nodes", "talosconfig"}
	var got []string
	for key := range rec.Exports() {
		got = append(got, string(key))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("exports %v", got)
	}
	for _, key := range []string{"kubeconfig", "talosconfig"} {
		if export := rec.Exports()[resource.PropertyKey(key)]; !export.IsSecret() {
			t.Errorf("%s is plain: %v", key, export)
		}
	}
	if got := rec.OfType("kubernetes:core/v1:ConfigMap"); len(got) != 1 || got[0].Request.GetProvider() == "" {
		t.Errorf("identity: %v", got)
	}
}

func TestCluster_TellsEveryProblemBeforeItTouchesAnything(t *testing.T) {
	config := stackConfig(t, "../Pulumi.home.yaml")
	config["home-ops:network"] = strings.Replace(config["home-ops:network"], `"nodeCIDRs"`, `"nodeCIDR"`, 1)
	config["home-ops:cluster"] = strings.Replace(config["home-ops:cluster"], `"v1.34.1"`, `"1.x"`, 1)
	rec := recorder.Recorder{Config: config}
	err := rec.Preview(program, "home")
	if err == nil || !strings.Contains(err.Error(), "Pulumi.home.yaml cannot work: ") {
		t.Errorf("error %v", err)
	}
	if names := rec.Names(); len(names) > 0 {
		t.Errorf("registered %v", names)
	}
	messages := strings.Join(rec.Messages(), "\n")
	for _, want := range []string{"error: cluster.kubernetesVersion: ", "error: network.nodeCIDR: "} {
		if !strings.Contains(messages, want) {
			t.Errorf("no %q in\n%s", want, messages)
		}
	}
}

func TestCluster_ShowsWarnings(t *testing.T) {
	rec := recorder.Recorder{Config: stackConfig(t, "../Pulumi.home.yaml")}
	if err := rec.Preview(program, "home"); err != nil {
		t.Fatal(err)
	}
	// Two control planes survive the loss of none.
	if !slices.ContainsFunc(rec.Messages(), func(m string) bool { return strings.HasPrefix(m, "warning: nodes: ") }) {
		t.Errorf("messages %v", rec.Messages())
	}
}

func TestCluster_ReadsDiskPassphrasesFromSecretsAlone(t *testing.T) {
	const passphrase = "correct horse battery staple"
	config := stackConfig(t, "../Pulumi.home.yaml")
	encrypted := `{"encryption":{"ephemeral":{"keys":[{"type":"static","passphraseRef":"config:disk"}]}}}`
	config["home-ops:nodeDefaults"] = encrypted

	plain := maps.Clone(config)
	plain["home-ops:disk"] = passphrase
	rec := recorder.Recorder{Config: plain}
	err := rec.Preview(program, "home")
	if want := "passphraseRef config:disk: set it with `pulumi config set --secret home-ops:disk`"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}

	rec = recorder.Recorder{Config: plain, SecretConfig: []string{"home-ops:disk"}}
	if err := rec.Preview(program, "home"); err != nil {
		t.Fatal(err, rec.Messages())
	}
	if found := rec.PlaintextOf(passphrase); len(found) > 0 {
		t.Errorf("in plain: %v", found)
	}
}
