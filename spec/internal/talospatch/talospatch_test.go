package talospatch_test

import (
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec/internal/talospatch"
)

func TestCheck_SaysWhatTalosWouldNotTake(t *testing.T) {
	for patch, want := range map[string]string{
		"machine: {networks: {hostname: x}}":                                      "Talos has no key machine.networks.hostname",
		"machine: {network: {interfaces: [{interface: eth0, adresses: [x]}]}}":    "Talos has no key machine.network.interfaces[0].adresses",
		"machine: {sysctls: [a]}":                                                 "cannot construct !!seq into map[string]string",
		"machine: {install: {diskSelector: {size: '>= 5 foo'}}}":                  "failed to parse disk size  5 foo: unhandled size name: foo",
		"{apiVersion: v1alpha1, kind: NoSuchConfig}":                              `"NoSuchConfig" "v1alpha1": not registered`,
		"{apiVersion: v1alpha1, kind: UserVolumeConfig, name: x, provisioned: 1}": "Talos has no key provisioned",
		"machine: {features: {kubePrism: {$patch: delete}}}":                      "",
		"machine: {env: {GRPC_GO_LOG_SEVERITY_LEVEL: info}}":                      "",
	} {
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(patch), &tree); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := talospatch.Check(tree); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", patch, got, want)
		}
	}
}

func TestValidate_SaysWhatThePatchMakesWrong(t *testing.T) {
	for patch, want := range map[string]string{
		`{apiVersion: v1alpha1, kind: RawVolumeConfig, name: "a b", provisioning: {minSize: 1GB, diskSelector: {match: "!system_disk"}}}`: "RawVolumeConfig/a b: name can only contain lowercase and uppercase ASCII letters, digits, and hyphens",
		"machine: {network: {interfaces: [{interface: eth0, bond: {mode: none}}]}}":                                                       "invalid bond type none",
		"machine: {sysctls: {net.core.somaxconn: '4096'}}":                                                                                "",
	} {
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(patch), &tree); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := talospatch.Validate(tree); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", patch, got, want)
		}
	}
}
