package node

import (
	"strings"
	"testing"
)

func TestParseImage(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("0a", 32)
	for ref, want := range map[string]image{
		"ghcr.io/siderolabs/installer:v1.11.1":                                   {Version: "v1.11.1"},
		"ghcr.io/siderolabs/installer:v1.11.1@sha256:" + id:                      {Version: "v1.11.1"},
		"factory.talos.dev/metal-installer/" + id + ":v1.11.2":                   {Version: "v1.11.2", Schematic: id},
		"factory.talos.dev/metal-installer-secureboot/" + id + ":v1.12.0-beta.0": {Version: "v1.12.0-beta.0", Schematic: id},
		"registry.local:5000/siderolabs/installer:v1.11.1":                       {Version: "v1.11.1"},
	} {
		want.Ref = ref
		if got, err := parseImage(ref); err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", ref, got, err, want)
		}
	}
}

func TestParseImage_RefusesWhatNamesNoVersion(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		"":                                 `installer image "": no tag, so no Talos version to install; write IMAGE:vX.Y.Z`,
		"installer:v1.11.1":                `installer image "installer:v1.11.1": no registry and repository`,
		"localhost:5000/installer":         `installer image "localhost:5000/installer": no tag, so no Talos version to install; write IMAGE:vX.Y.Z`,
		"ghcr.io/siderolabs/installer:1":   `installer image "ghcr.io/siderolabs/installer:1": tag: "1" is not a version: it must begin with v`,
		"ghcr.io/siderolabs/talos:v1.11.1": `installer image "ghcr.io/siderolabs/talos:v1.11.1": "talos" is not an installer`,
	} {
		if _, err := parseImage(ref); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", ref, err, want)
		}
	}
}
