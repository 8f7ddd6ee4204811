package spec_test

import (
	"testing"

	"github.com/home-ops/home-ops/spec"
)

// The expected ids are those of the image factory's own tests
// (https://github.com/siderolabs/image-factory/blob/main/pkg/schematic/schematic_test.go).
func TestSchematic_HasTheFactorysOwnID(t *testing.T) {
	for name, tt := range map[string]struct {
		settings spec.NodeSettings
		want     string
	}{
		"plain": {
			want: "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba",
		},
		"kernel arguments": {
			settings: spec.NodeSettings{KernelArgs: []string{"noapic", "nolapic"}},
			want:     "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c",
		},
		"overlay": {
			settings: spec.NodeSettings{Overlay: &spec.Overlay{Name: "rpi_generic", Image: "siderolabs/sbc-raspberrypi"}},
			want:     "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9",
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := spec.Node{NodeSettings: tt.settings}
			if got := n.Schematic().ID(); got != tt.want {
				t.Errorf("got %s, want %s for\n%s", got, tt.want, n.Schematic().YAML())
			}
		})
	}
}

func TestSchematic_DoesNotDependOnTheOrderOfExtensions(t *testing.T) {
	a := spec.Node{NodeSettings: spec.NodeSettings{Extensions: []string{"siderolabs/zfs", "siderolabs/i915"}}}
	b := spec.Node{NodeSettings: spec.NodeSettings{Extensions: []string{"siderolabs/i915", "siderolabs/zfs", "siderolabs/zfs"}}}
	if a.Schematic().ID() != b.Schematic().ID() {
		t.Errorf("different images:\n%s\n%s", a.Schematic().YAML(), b.Schematic().YAML())
	}
	if a.Extensions[0] != "siderolabs/zfs" {
		t.Error("the node's own list was reordered")
	}
}

func TestInstallerImage_FollowsSecureBootAndVersion(t *testing.T) {
	s := &spec.Stack{Cluster: spec.Cluster{TalosVersion: "v1.11.1", ImageFactory: "factory.talos.dev"}}
	const id = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
	if got, want := s.InstallerImage(spec.Node{}), "factory.talos.dev/metal-installer/"+id+":v1.11.1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	secure := spec.Node{NodeSettings: spec.NodeSettings{SecureBoot: true}}
	if got, want := s.InstallerImage(secure), "factory.talos.dev/metal-installer-secureboot/"+id+":v1.11.1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The factory writes the boot loader after the extensions; an image of the owner's own has no schematic there.
func TestSchematic_NamesTheBootloader(t *testing.T) {
	node := spec.Node{NodeSettings: spec.NodeSettings{Extensions: []string{"siderolabs/zfs"}, Bootloader: "grub"}}
	want := "customization:\n    systemExtensions:\n        officialExtensions:\n            - siderolabs/zfs\n    bootloader: grub\n"
	if got := string(node.Schematic().YAML()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	node.Installer = "ghcr.io/example/installer"
	if got := node.SchematicID(); got != "" {
		t.Errorf("an installer of one's own has the schematic %s", got)
	}
}
