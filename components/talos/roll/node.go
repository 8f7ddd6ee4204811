package roll

import (
	"net/netip"

	"github.com/home-ops/home-ops/spec"
)

// Node is one machine of the stack, and what it should be.
type Node struct {
	// Name is that of the Kubernetes node.
	Name string
	// Address is where its Talos API answers.
	Address netip.Addr
	// ControlPlane says that it runs etcd and the Kubernetes control plane.
	ControlPlane bool
	// Talos is the release that it should run.
	Talos spec.Version
	// Schematic is the image factory's id of the image that it should run: its
	// extensions and kernel arguments. It is empty for an installer of the owner's own.
	Schematic string
	// Image is the installer image of that release and schematic.
	Image string
	// Kubernetes is the release of its kubelet, and of its control plane.
	Kubernetes spec.Version
	// Reinstall is the word of the last reinstall that its owner wants; empty for none.
	Reinstall string
	// Folders are its user volumes that lie on EPHEMERAL, by the paths at which they are mounted.
	Folders []string
	// Config is its machine config. It is secret.
	Config []byte
}

// NodeOf is a node of the stack, without its config.
func NodeOf(stack *spec.Stack, node spec.Node) Node {
	var folders []string
	for _, v := range node.UserVolumes {
		if v.Type == spec.VolumeDirectory {
			folders = append(folders, v.MountPath())
		}
	}
	return Node{
		Name:         node.Name,
		Address:      node.Address,
		ControlPlane: node.IsControlPlane(),
		Talos:        stack.Cluster.TalosVersion,
		Schematic:    node.SchematicID(),
		Image:        stack.InstallerImage(node),
		Kubernetes:   stack.Cluster.KubernetesVersion,
		Reinstall:    node.Reinstall,
		Folders:      folders,
	}
}

// Running is what a machine says of itself.
type Running struct {
	// Maintenance says that it waits for a config; then nothing else is known of it.
	Maintenance bool
	// Talos is the release that runs, with its leading v.
	Talos spec.Version
	// Schematic is the image factory's id of the image that runs; empty for an image
	// that is not the factory's.
	Schematic string
	// Reinstall is the word that its config has; nothing is known of it where none is wanted.
	Reinstall string
	// BootID changes with each boot.
	BootID string
	// Ready says that the machine has booted and all of its services are up.
	Ready bool
	// Unmet says what keeps it from being ready.
	Unmet string
}

// Effect is what a machine says that a config would do to it.
type Effect int

// The effects.
const (
	// Unchanged is a config that the machine has already.
	Unchanged Effect = iota
	// Immediate is a change that it takes on while it runs.
	Immediate
	// NeedsReboot is a change that it takes on at the next boot.
	NeedsReboot
	// Refused is a config that its Talos cannot read.
	Refused
)

// Mode is how a config is applied.
type Mode int

// The modes.
const (
	// Now puts the config into effect without a reboot.
	Now Mode = iota
	// WithReboot keeps the config and reboots.
	WithReboot
	// AtNextBoot keeps the config for the next boot, whoever asks for that.
	AtNextBoot
)
