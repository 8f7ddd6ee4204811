package spec

import (
	"maps"
	"net/netip"
)

// Role is what a node does in the cluster.
type Role string

const (
	// RoleControlPlane runs etcd and the Kubernetes control plane.
	RoleControlPlane Role = "controlPlane"
	// RoleWorker runs workloads only.
	RoleWorker Role = "worker"
)

// Values lists the roles.
func (Role) Values() []string { return []string{"controlPlane", "worker"} }

// Node is one machine. All of [NodeSettings] can be written beside these keys.
type Node struct {
	// Name is the host name and the Kubernetes node name: a DNS name of one part or more, unique in the stack. With more
	// than one part the whole of it is the node's name in Kubernetes, and the first part in the kernel.
	Name string `json:"name" form:"node" required:"true" example:"cp-1"`
	// Role is controlPlane or worker. An odd number of control planes, three in most homes, survives losses.
	Role Role `json:"role" required:"true" example:"controlPlane"`
	// Address is the node's main address: the Talos API is called on it, and it is the kubelet's and etcd's
	// address. It lies in one of network.nodeCIDRs, from which it takes its prefix length.
	Address netip.Addr `json:"address" required:"true" example:"10.0.50.11"`
	// SecondaryAddresses are further addresses on the same link, in other node networks: the address of the
	// second family of a dual-stack node.
	SecondaryAddresses []netip.Addr `json:"secondaryAddresses,omitempty" example:"[fd00:50::11]"`
	// DHCP lets the node ask for its address instead of configuring it. The router must then hold a
	// reservation that gives this MAC exactly the address above. Default: false.
	DHCP bool `json:"dhcp,omitempty"`
	// Lease also asks for an address by DHCP on the link that carries Address, which stays configured: for what the router
	// tells by lease alone. Routes of the lease come after those of network.gateways. Default: false.
	Lease bool `json:"lease,omitempty"`
	// Reinstall has the node installed anew, once, by `pulumi up`: write a word, and another one the next time. Its pods are
	// moved, it is reset (STATE and EPHEMERAL; other volumes and disks stay) and gets its config again. Only so may its
	// InstallDisk, EphemeralVolume and Encryption change (docs/runbooks/change-a-node.md). A new node takes no notice of it.
	Reinstall string `json:"reinstall,omitempty" form:"label" example:"encrypted-2026"`
	// MAC is the hardware address of the network card that carries Address. It selects the card whatever
	// name the kernel gives it. Give it, or Interface, or Bond.
	MAC MAC `json:"mac,omitzero" example:"52:54:00:12:34:56"`
	// Interface is the kernel's name of that card, when no MAC is given. Names can change when cards are added.
	Interface string `json:"interface,omitempty" form:"interface" example:"enp1s0"`
	// Card selects the card by its driver, its place or the beginning of its MAC.
	Card CardSelector `json:"card,omitzero"`
	// Bond joins several cards into one link that carries Address.
	Bond *Bond `json:"bond,omitempty"`
	// ExtraLinks are further networks of the node, such as one for storage traffic.
	ExtraLinks []Link `json:"extraLinks,omitempty"`

	NodeSettings
}

// ReinstallAnnotation is the node annotation in which a machine's own config keeps Reinstall: a machine that has the value
// of the stack file there was installed anew for it.
const ReinstallAnnotation = "home-ops/reinstall"

// NodeAnnotations are all annotations of the node: Annotations, and that of Reinstall.
func (n Node) NodeAnnotations() map[string]string {
	if n.Reinstall == "" {
		return n.Annotations
	}
	all := map[string]string{ReinstallAnnotation: n.Reinstall}
	maps.Copy(all, n.Annotations)
	return all
}

// Addresses lists the node's addresses, the main one first.
func (n Node) Addresses() []netip.Addr {
	out := make([]netip.Addr, 0, 1+len(n.SecondaryAddresses))
	if n.Address.IsValid() {
		out = append(out, n.Address)
	}
	for _, a := range n.SecondaryAddresses {
		if a.IsValid() {
			out = append(out, a)
		}
	}
	return out
}

// AddressOf is the node's first address of a family.
func (n Node) AddressOf(six bool) (netip.Addr, bool) {
	for _, a := range n.Addresses() {
		if a.Is6() == six {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// IsControlPlane reports whether the node runs etcd and the Kubernetes control plane.
func (n Node) IsControlPlane() bool { return n.Role == RoleControlPlane }

// Arch is a processor architecture, in Go's and Kubernetes's spelling.
type Arch string

// The architectures that Talos runs on.
const (
	ArchAMD64 Arch = "amd64"
	ArchARM64 Arch = "arm64"
)

// Values lists the architectures.
func (Arch) Values() []string { return []string{"amd64", "arm64"} }

// NodeSettings is everything that can be said once for all nodes, in nodeDefaults, or for one node.
// After loading, each node holds its effective settings: its own, else the defaults.
type NodeSettings struct {
	// Arch is the processor architecture. Default: amd64.
	Arch Arch `json:"arch,omitempty"`
	// InstallDisk selects the one disk that Talos is installed on. Everything on it is lost at installation.
	InstallDisk DiskSelector `json:"installDisk,omitzero"`
	// WipeInstallDisk also clears the rest of the install disk before installation. Default: false.
	WipeInstallDisk bool `json:"wipeInstallDisk,omitempty"`

	// Installer is the repository of an installer image of the owner's own making, whose tag is cluster.talosVersion; it
	// takes the place of the image factory's, for hardware that needs a kernel or firmware of its own. What is in it is its
	// maker's affair: Extensions then only say what it has. Another image under the same tag reaches a machine with the
	// next Talos release. Default: the image factory's.
	Installer string `json:"installer,omitempty" form:"installer" example:"ghcr.io/example/talos-installer"`
	// Bootloader is what the disk starts with: sd-boot (UEFI), grub (BIOS), or dual-boot, which has both. It wants Talos
	// v1.12, and is chosen when a machine is installed. Default: what Talos takes, sd-boot where the firmware is UEFI.
	Bootloader Bootloader `json:"bootloader,omitempty"`
	// Extensions are the official system extensions in the node's image, by name
	// (https://github.com/siderolabs/extensions). Those that storage needs are added by themselves.
	Extensions []string `json:"extensions,omitempty" form:"extension" example:"[siderolabs/intel-ucode]"`
	// ExtensionServices are the settings of the services that extensions bring.
	ExtensionServices []ExtensionService `json:"extensionServices,omitempty"`
	// KernelArgs are further kernel arguments, baked into the node's image.
	KernelArgs []string `json:"kernelArgs,omitempty" example:"[net.ifnames=0]"`
	// Meta are values on the META partition of the node's image, such as a network configuration that it needs before it
	// has any other.
	Meta []MetaValue `json:"meta,omitempty"`
	// Overlay is the board support of a single-board computer.
	Overlay *Overlay `json:"overlay,omitempty"`
	// SecureBoot installs the signed image; the firmware must have the image's keys enrolled. Default: false.
	SecureBoot bool `json:"secureBoot,omitempty"`
	// Encryption encrypts Talos's own volumes with LUKS2. A volume that is left out stays in the clear.
	Encryption Encryption `json:"encryption,omitzero"`

	// VLAN is the 802.1Q tag under which this node reaches the node network. Default: network.vlan. Write 0
	// for a node on an untagged port.
	VLAN int `json:"vlan,omitempty" min:"0" max:"4094"`
	// MTU is the MTU of the link that carries Address. Default: network.mtu.
	MTU int `json:"mtu,omitempty" min:"1280" max:"9216"`
	// Bridge puts the link under a bridge that then carries Address, for virtual machines beside the cluster.
	Bridge *Bridge `json:"bridge,omitempty"`
	// Routes are further static routes over the link that carries Address.
	Routes []Route `json:"routes,omitempty"`
	// Hosts adds lines to the node's hosts file: an address to its names.
	Hosts map[string][]string `json:"hosts,omitempty"`

	// KernelModules are loaded at boot, in this order.
	KernelModules []KernelModule `json:"kernelModules,omitempty"`
	// Sysctls are kernel parameters, dotted name to value.
	Sysctls map[string]string `json:"sysctls,omitempty"`
	// Sysfs are files below /sys, dotted path to value.
	Sysfs map[string]string `json:"sysfs,omitempty"`

	// Labels are Kubernetes node labels. The kubelet of a worker may not set labels of its own choice under
	// kubernetes.io and k8s.io
	// (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations are Kubernetes node annotations.
	Annotations map[string]string `json:"annotations,omitempty"`
	// Taints keep pods away that do not tolerate them.
	Taints []Taint `json:"taints,omitempty"`

	// KubeletArgs are further flags of the kubelet, without leading dashes.
	KubeletArgs map[string]string `json:"kubeletArgs,omitempty"`
	// KubeletMounts are host directories that the kubelet's container also sees.
	KubeletMounts []Mount `json:"kubeletMounts,omitempty"`
	// MaxPods is the most pods that the node takes. Default: 110, as Kubernetes.
	MaxPods int `json:"maxPods,omitempty" min:"1" max:"1000"`

	// EphemeralVolume limits or moves Talos's EPHEMERAL volume (/var), to leave room for user volumes on the
	// install disk. Default: it takes the rest of the install disk.
	EphemeralVolume *SystemVolume `json:"ephemeralVolume,omitempty"`
	// UserVolumes are file systems of the node's own, mounted at /var/mnt/NAME. They survive a reset of the
	// node.
	UserVolumes []UserVolume `json:"userVolumes,omitempty"`
	// RawVolumes are partitions without a file system.
	RawVolumes []RawVolume `json:"rawVolumes,omitempty"`

	// Watchdog reboots the node when Talos hangs.
	Watchdog *Watchdog `json:"watchdog,omitempty"`
	// Patches are merged into the node's machine configuration last, as Talos strategic merge patches, for
	// what the stack file has no key for. They are read as Talos reads them, and judged together with the other keys; a
	// value that is op://vault/item/field or config:KEY stands for the secret that is kept there.
	Patches []map[string]any `json:"patches,omitempty"`
}

func (n *NodeSettings) defaults() {
	n.Arch = ArchAMD64
	n.MaxPods = 110
}

// Bootloader is what a machine's disk starts with
// (https://github.com/siderolabs/talos/blob/v1.14.1/pkg/machinery/imager/imageropts/imageropts.go).
type Bootloader string

// Values lists the boot loaders.
func (Bootloader) Values() []string { return []string{"dual-boot", "sd-boot", "grub"} }

// MetaValue is a value on the META partition
// (https://www.talos.dev/latest/advanced/metal-network-configuration/).
type MetaValue struct {
	// Key is the number of the value; 10 (0x0a) is the network configuration, 12 to 15 are free.
	Key int `json:"key" required:"true" min:"6" max:"255" example:"10"`
	// Value is the text.
	Value string `json:"value" required:"true" example:"{}"`
}

// KernelModule is a kernel module to load at boot.
type KernelModule struct {
	// Name is the module's name.
	Name string `json:"name" required:"true" example:"zfs"`
	// Parameters are given to the module, each as key=value.
	Parameters []string `json:"parameters,omitempty"`
}

// Taint is a Kubernetes taint.
type Taint struct {
	// Key is the taint's name.
	Key string `json:"key" required:"true" example:"dedicated"`
	// Value is compared with the toleration's value.
	Value string `json:"value,omitempty"`
	// Effect is what happens to pods that do not tolerate it.
	Effect TaintEffect `json:"effect" required:"true" example:"NoSchedule"`
}

// TaintEffect is what a taint does.
type TaintEffect string

// Values lists the effects.
func (TaintEffect) Values() []string { return []string{"NoSchedule", "PreferNoSchedule", "NoExecute"} }

// Mount is a host directory that the kubelet's container also sees.
type Mount struct {
	// Source is the absolute directory on the node, under /var.
	Source string `json:"source" required:"true" example:"/var/mnt/longhorn"`
	// Destination is the absolute directory in the kubelet's container. Default: the source.
	Destination string `json:"destination,omitempty"`
	// Options are mount options. Default: bind, rshared, rw.
	Options []string `json:"options,omitempty"`
}

func (m *Mount) defaults() { m.Options = []string{"bind", "rshared", "rw"} }

// Overlay is the board support of a single-board computer
// (https://www.talos.dev/latest/talos-guides/install/single-board-computers/).
type Overlay struct {
	// Name is the board.
	Name string `json:"name" required:"true" example:"rpi_generic"`
	// Image is the overlay's image.
	Image string `json:"image" form:"extension" required:"true" example:"siderolabs/sbc-raspberrypi"`
	// Options are settings of that overlay.
	Options map[string]any `json:"options,omitempty"`
}

// Watchdog reboots the node when Talos hangs (https://www.talos.dev/latest/advanced/watchdog/).
type Watchdog struct {
	// Device is the watchdog timer's device. Default: /dev/watchdog0.
	Device string `json:"device,omitempty"`
	// Timeout is how long the node may hang. Default: 1m; at least 10s.
	Timeout Duration `json:"timeout,omitempty"`
}

func (w *Watchdog) defaults() {
	w.Device = "/dev/watchdog0"
	w.Timeout = Duration(60e9)
}
