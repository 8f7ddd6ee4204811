package machineconfig_test

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
)

func TestBuild_PutsSecretsWhereReferencesStand(t *testing.T) {
	stack := loadStack(t, "testdata/Pulumi.house.yaml")
	secrets := machineconfig.Placeholder(stack)
	for ref, value := range map[string]string{"config:quayToken": "TOKEN", "config:tailscaleKey": "TSKEY", "config:harborPassword": "HARBOR"} {
		for known := range secrets.Passphrases {
			if string(known) == ref {
				secrets.Passphrases[known] = value
			}
		}
	}
	for _, node := range stack.Nodes {
		raw, err := machineconfig.Build(stack, node, secrets)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"identityToken: TOKEN", "- TS_AUTHKEY=TSKEY", "password: HARBOR"} {
			if !strings.Contains(string(raw), want) {
				t.Errorf("%s lacks %q", node.Name, want)
			}
		}
		if strings.Contains(string(raw), "config:") && strings.Contains(string(raw), "config:quayToken") {
			t.Errorf("%s has a reference in it", node.Name)
		}
	}
}

func TestBuild_FailsForSecretsThatNobodyGave(t *testing.T) {
	stack := loadStack(t, "testdata/Pulumi.house.yaml")
	for ref, want := range map[string]string{
		"config:quayToken":      "node ring-1.example.net: patches[0]: config:quayToken gave no secret",
		"config:tailscaleKey":   "node ring-1.example.net: extensionServices[0].secretEnvironment.TS_AUTHKEY: config:tailscaleKey gave no secret",
		"config:harborPassword": `node ring-1.example.net: cluster.registries["harbor.example.net"].passwordRef: config:harborPassword gave no password`,
	} {
		secrets := machineconfig.Placeholder(stack)
		for known := range secrets.Passphrases {
			if string(known) == ref {
				delete(secrets.Passphrases, known)
			}
		}
		if _, err := machineconfig.Build(stack, stack.Nodes[0], secrets); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Talos from v1.12 on reads the limit of a volume as a part of its disk.
func TestBuild_WritesLimitsInPercent(t *testing.T) {
	stack := loadStack(t, "../../../spec/testdata/valid/volumes-in-percent.yaml")
	raw, err := machineconfig.Build(stack, stack.Nodes[0], machineconfig.Placeholder(stack))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"maxSize: 40%", "maxSize: 50%", "maxSize: 25%"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %q in\n%s", want, raw)
		}
	}
}

// What few houses ask for stands where Talos reads it.
func TestBuild_WritesWhatFewHousesHave(t *testing.T) {
	for file, want := range map[string][]string{
		"volumes-of-every-type": {
			"kind: RawVolumeConfig\nname: openebs\nprovisioning:\n    diskSelector:\n        match: glob(\"RAW111\", disk.serial)\n    grow: false\n    minSize: 100GiB",
			"kind: UserVolumeConfig\nname: media\nvolumeType: disk\nprovisioning:\n    diskSelector:\n        match: glob(\"MEDIA111\", disk.serial)\nfilesystem:\n    type: ext4",
			"kind: UserVolumeConfig\nname: cache\nvolumeType: directory\n",
		},
		"image-of-ones-own":           {"image: registry.example.net:5000/talos/installer:v1.11.1"},
		"lease-beside-an-address":     {"dhcp: true\n              dhcpOptions:\n                routeMetric: 2048", "- 10.0.50.11/16"},
		"lease-and-address-on-a-link": {"dhcp: true\n              dhcpOptions:\n                routeMetric: 2048", "- 10.9.0.11/24"},
	} {
		t.Run(file, func(t *testing.T) {
			stack := loadStack(t, "../../../spec/testdata/valid/"+file+".yaml")
			raw, err := machineconfig.Build(stack, stack.Nodes[0], machineconfig.Placeholder(stack))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range want {
				if !strings.Contains(string(raw), text) {
					t.Errorf("no %q in\n%s", text, raw)
				}
			}
		})
	}
}
