package talos_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestSecrets_HideEveryKeyAndNoCertificate(t *testing.T) {
	p := startProvider(t)
	state := p.create(secretsType, resource.PropertyMap{"talosVersion": resource.NewStringProperty("v1.11")})

	if got := state["id"].StringValue(); got != "machine_secrets" {
		t.Errorf("id is %q", got)
	}
	var hidden, open []string
	walk("", resource.NewObjectProperty(state), func(path string, secret bool) {
		if secret {
			hidden = append(hidden, path)
		} else {
			open = append(open, path)
		}
	})
	slices.Sort(hidden)
	slices.Sort(open)
	wantHidden := []string{
		"clientConfiguration.clientKey",
		"machineSecrets.certs.etcd.key", "machineSecrets.certs.k8s.key", "machineSecrets.certs.k8sAggregator.key",
		"machineSecrets.certs.k8sServiceaccount.key", "machineSecrets.certs.os.key",
		"machineSecrets.cluster.secret", "machineSecrets.secrets.bootstrapToken",
		"machineSecrets.secrets.secretboxEncryptionSecret", "machineSecrets.trustdinfo.token",
	}
	wantOpen := []string{
		"clientConfiguration.caCertificate", "clientConfiguration.clientCertificate", "id",
		"machineSecrets.certs.etcd.cert", "machineSecrets.certs.k8s.cert", "machineSecrets.certs.k8sAggregator.cert",
		"machineSecrets.certs.os.cert", "machineSecrets.cluster.id", "talosVersion",
	}
	if !slices.Equal(hidden, wantHidden) {
		t.Errorf("secret: %q\nwant:   %q", hidden, wantHidden)
	}
	if !slices.Equal(open, wantOpen) {
		t.Errorf("open: %q\nwant: %q", open, wantOpen)
	}
}

// walk visits every leaf of a value.
func walk(path string, value resource.PropertyValue, visit func(path string, secret bool)) {
	switch {
	case value.IsSecret():
		visit(path, true)
	case value.IsObject():
		for key, inner := range value.ObjectValue() {
			walk(strings.TrimPrefix(path+"."+string(key), "."), inner, visit)
		}
	default:
		visit(path, false)
	}
}

func TestSecrets_OfAnOldContractHaveTheAESKey(t *testing.T) {
	p := startProvider(t)
	state := plain(p.create(secretsType, resource.PropertyMap{"talosVersion": resource.NewStringProperty("v1.2")}))
	if _, ok := state["machineSecrets"].ObjectValue()["secrets"].ObjectValue()["aescbcEncryptionSecret"]; !ok {
		t.Error("contract v1.2 has no aescbcEncryptionSecret")
	}
}

func TestSecrets_AreUnknownUntilMade(t *testing.T) {
	p := startProvider(t)
	planned := p.preview(secretsType, resource.PropertyMap{})
	for _, key := range []resource.PropertyKey{"id", "machineSecrets", "clientConfiguration"} {
		if !planned[key].IsComputed() {
			t.Errorf("%s is known in a preview: %v", key, planned[key])
		}
	}
	if got := planned["talosVersion"].StringValue(); got != "v1.12" {
		t.Errorf("the default contract is %q", got)
	}
}

func TestSecrets_SurviveAnUpdateButNotAnOlderContract(t *testing.T) {
	c := newCluster(t)
	newer := resource.PropertyMap{"talosVersion": resource.NewStringProperty("v1.12")}
	diff := c.diff(secretsType, c.secrets, newer)
	if want := []string{"clientConfiguration", "machineSecrets", "talosVersion"}; !slices.Equal(diff.GetDiffs(), want) {
		t.Errorf("a newer contract changes %q, want %q", diff.GetDiffs(), want)
	}
	if len(diff.GetReplaces()) > 0 {
		t.Errorf("a newer contract replaces: %q", diff.GetReplaces())
	}
	if planned := c.update(secretsType, c.secrets, newer, true); !planned["machineSecrets"].IsComputed() {
		t.Error("the secrets are known in the preview of an update")
	}
	updated := plain(c.update(secretsType, c.secrets, newer, false))
	if !updated["machineSecrets"].DeepEquals(c.secrets["machineSecrets"]) {
		t.Error("an update changed the secrets")
	}
	if got := updated["talosVersion"].StringValue(); got != "v1.12" {
		t.Errorf("talosVersion is %q after the update", got)
	}

	older := c.diff(secretsType, c.secrets, resource.PropertyMap{"talosVersion": resource.NewStringProperty("v1.10")})
	if want := []string{"talosVersion"}; !slices.Equal(older.GetReplaces(), want) {
		t.Errorf("an older contract replaces %q, want %q", older.GetReplaces(), want)
	}
	same := c.diff(secretsType, c.secrets, resource.PropertyMap{"talosVersion": resource.NewStringProperty("v1.11")})
	if same.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("the same contract changes %q", same.GetDiffs())
	}
}

func TestCheck_NamesWhatIsWrong(t *testing.T) {
	c := newCluster(t)
	whole := c.apply("127.0.0.1", nil)
	for name, test := range map[string]struct {
		token  string
		change func(resource.PropertyMap)
		want   map[string]string
	}{
		"a whole configuration": {applyType, func(resource.PropertyMap) {}, map[string]string{}},
		"a missing node": {
			applyType, func(m resource.PropertyMap) { delete(m, "node") },
			map[string]string{"node": `Missing required property "node"`},
		},
		"a node that is no text": {
			applyType, func(m resource.PropertyMap) { m["node"] = resource.NewNumberProperty(1) },
			map[string]string{"node": "node: expected string, got number"},
		},
		"a missing key": {
			applyType, func(m resource.PropertyMap) {
				m["clientConfiguration"] = resource.NewObjectProperty(resource.PropertyMap{
					"caCertificate": resource.NewStringProperty(""), "clientCertificate": resource.NewStringProperty(""),
				})
			},
			map[string]string{"clientConfiguration.clientKey": `Missing required property "clientConfiguration.clientKey"`},
		},
		"a mode that does not exist": {
			applyType, func(m resource.PropertyMap) { m["applyMode"] = resource.NewStringProperty("later") },
			map[string]string{"applyMode": `value must be one of: ["auto" "reboot" "no_reboot" "staged" "staged_if_needing_reboot"], got: "later"`},
		},
		"an unknown node": {
			applyType, func(m resource.PropertyMap) { m["node"] = resource.MakeComputed(resource.NewStringProperty("")) },
			map[string]string{},
		},
		"a contract that is no version": {
			secretsType, func(m resource.PropertyMap) { m["talosVersion"] = resource.NewStringProperty("newest") },
			map[string]string{"talosVersion": `Invalid version: error parsing version "vnewest"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inputs := whole.Copy()
			test.change(inputs)
			if got := c.check(test.token, inputs); !maps.Equal(got, test.want) {
				t.Errorf("failures are %q, want %q", got, test.want)
			}
		})
	}
}

func TestApply_PreviewKnowsTheConfigurationAndDialsNoNode(t *testing.T) {
	c := newCluster(t)
	inputs := c.apply("127.0.0.1", map[string]any{
		"configPatches": []any{`{"machine":{"network":{"hostname":"cp1"}}}`},
		"onDestroy":     map[string]any{"reset": true},
	})
	planned := plain(c.preview(applyType, inputs))

	if got := planned["machineConfiguration"].StringValue(); !strings.Contains(got, "hostname: cp1") {
		t.Errorf("the patch is not in the planned configuration:\n%s", got)
	}
	for key, want := range map[resource.PropertyKey]string{
		"endpoint": "127.0.0.1", "applyMode": "auto", "resolvedApplyMode": "auto",
	} {
		if got := planned[key].StringValue(); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	onDestroy := planned["onDestroy"].ObjectValue()
	if !onDestroy["graceful"].BoolValue() || onDestroy["reboot"].BoolValue() {
		t.Errorf("onDestroy has other defaults than graceful: true, reboot: false: %v", onDestroy)
	}
}

func TestApply_PreviewOfAnUnknownConfigurationIsUnknown(t *testing.T) {
	c := newCluster(t)
	inputs := c.inputs("127.0.0.1", nil)
	inputs["machineConfigurationInput"] = resource.MakeComputed(resource.NewStringProperty(""))
	planned := c.preview(applyType, inputs)
	if !planned["machineConfiguration"].IsSecret() || !planned["machineConfiguration"].SecretValue().Element.IsComputed() {
		t.Errorf("machineConfiguration is %v", planned["machineConfiguration"])
	}
	if got := planned["endpoint"].StringValue(); got != "127.0.0.1" {
		t.Errorf("endpoint is %q", got)
	}
}

func TestInvoke_MakesATalosconfig(t *testing.T) {
	c := newCluster(t)
	arguments := resource.NewPropertyMapFromMap(map[string]any{
		"clusterName": "home", "endpoints": []any{"192.0.2.1", "192.0.2.2"}, "nodes": []any{"192.0.2.1"},
	})
	arguments["clientConfiguration"] = c.secrets["clientConfiguration"]
	response, err := c.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "talos:client/getConfiguration:getConfiguration", Args: c.wire(arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	result := c.properties(response.GetReturn())
	if !result["talosConfig"].IsSecret() {
		t.Fatal("the talosconfig is not secret")
	}
	content := result["talosConfig"].SecretValue().Element.StringValue()
	for _, want := range []string{"context: home", "- 192.0.2.2"} {
		if !strings.Contains(content, want) {
			t.Errorf("talosconfig lacks %q:\n%s", want, content)
		}
	}
}

func TestUnimplemented_IsAnErrorThatSaysSo(t *testing.T) {
	p := startProvider(t)
	_, invoke := p.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "talos:cluster/getHealth:getHealth"})
	_, create := p.tryCreate("talos:machine/unheardOf:UnheardOf", nil)
	for what, err := range map[string]error{
		"function talos:cluster/getHealth:getHealth": invoke,
		"resource talos:machine/unheardOf:UnheardOf": create,
	} {
		want := "stand-in talos plugin does not implement " + what + "; use the genuine plugin (make rehearse PLUGINS=DIR)"
		if status.Code(err) != codes.Unimplemented || status.Convert(err).Message() != want {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestInvoke_RefusesAContractNewerThanItsMachinery(t *testing.T) {
	c := newCluster(t)
	_, err := c.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "talos:machine/getConfiguration:getConfiguration",
		Args: c.wire(resource.NewPropertyMapFromMap(map[string]any{
			"clusterName": "test", "clusterEndpoint": "https://192.0.2.1:6443", "machineType": "worker",
			"machineSecrets": c.secrets["machineSecrets"].Mappable(), "talosVersion": "v1.99",
		})),
	})
	if err == nil || !strings.Contains(err.Error(), "stand-in talos plugin does not implement contract v1.99") {
		t.Errorf("error is %v", err)
	}
}
