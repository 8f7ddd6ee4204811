package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"gopkg.in/yaml.v3"
)

// Schematic is what the image factory makes an image from. Its fields, their order and their YAML form are
// those of https://github.com/siderolabs/image-factory/blob/main/pkg/schematic/schematic.go: the factory
// names a schematic by the hash of this form, so the name can be computed without asking it.
type Schematic struct {
	Overlay       SchematicOverlay       `yaml:"overlay,omitempty"`
	Customization SchematicCustomization `yaml:"customization"`
}

// SchematicOverlay is the board support of a schematic.
type SchematicOverlay struct {
	Image   string         `yaml:"image"`
	Name    string         `yaml:"name"`
	Options map[string]any `yaml:"options,omitempty"`
}

// SchematicCustomization is what a schematic adds to the plain image.
type SchematicCustomization struct {
	ExtraKernelArgs  []string            `yaml:"extraKernelArgs,omitempty"`
	Meta             []SchematicMeta     `yaml:"meta,omitempty"`
	SystemExtensions SchematicExtensions `yaml:"systemExtensions,omitempty"`
	Bootloader       Bootloader          `yaml:"bootloader,omitempty"`
}

// SchematicMeta is a value on the META partition of a new machine.
type SchematicMeta struct {
	Key   uint8  `yaml:"key"`
	Value string `yaml:"value"`
}

// SchematicExtensions names the system extensions of a schematic.
type SchematicExtensions struct {
	OfficialExtensions []string `yaml:"officialExtensions,omitempty"`
}

// Schematic is the node's image: its extensions in alphabetical order, so that the order in the stack file
// does not change the image, its kernel arguments and its overlay. Secure Boot is a choice of installer,
// not of schematic.
func (n Node) Schematic() Schematic {
	var s Schematic
	if n.Overlay != nil {
		s.Overlay = SchematicOverlay{Image: n.Overlay.Image, Name: n.Overlay.Name, Options: n.Overlay.Options}
	}
	s.Customization.ExtraKernelArgs = n.KernelArgs
	for _, m := range n.Meta {
		s.Customization.Meta = append(s.Customization.Meta, SchematicMeta{Key: uint8(m.Key), Value: m.Value}) //nolint:gosec // 0 to 255
	}
	s.Customization.Bootloader = n.Bootloader
	extensions := slices.Clone(n.Extensions)
	slices.Sort(extensions)
	s.Customization.SystemExtensions.OfficialExtensions = slices.Compact(extensions)
	return s
}

// YAML is the schematic's canonical form, which the factory takes at POST /schematics.
func (s Schematic) YAML() []byte {
	out, err := yaml.Marshal(s)
	if err != nil {
		// Only an overlay option of a kind that YAML cannot hold could fail, and none is read from YAML.
		panic("schematic: " + err.Error())
	}
	return out
}

// ID is the factory's name for the schematic.
func (s Schematic) ID() string {
	sum := sha256.Sum256(s.YAML())
	return hex.EncodeToString(sum[:])
}

// SchematicID is the factory's name for what the node's image is made from, which a machine tells of the image that it
// runs. It is empty for an installer that is not the factory's.
func (n Node) SchematicID() string {
	if n.Installer != "" {
		return ""
	}
	return n.Schematic().ID()
}

// InstallerImage is the image that installs and upgrades the node.
func (s *Stack) InstallerImage(n Node) string {
	if n.Installer != "" {
		return n.Installer + ":" + string(s.Cluster.TalosVersion)
	}
	installer := "metal-installer"
	if n.SecureBoot {
		installer = "metal-installer-secureboot"
	}
	return s.Cluster.ImageFactory + "/" + installer + "/" + n.Schematic().ID() + ":" + string(s.Cluster.TalosVersion)
}
