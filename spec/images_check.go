package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	extensionName = regexp.MustCompile(extensionGrammar)
	hostName      = regexp.MustCompile(hostGrammar)
)

// officialExtensions are those of Talos 1.10 to 1.15
// (https://github.com/siderolabs/extensions/blob/main/.kres.yaml).
var officialExtensions = strings.Fields(`
	amazon-ena amd-ucode amdgpu binfmt-misc bird2 bnx2-bnx2x btrfs cachefilesd chelsio-drivers chelsio-firmware
	cloudflared crun ctr drbd dvb-cx23885 dvb-m88ds3103 ecr-credential-provider fuse3 gasket-driver glibc
	gpio-pinctrl gvisor gvisor-debug hailort harbor-credential-provider hello-world-service hyperv-guest-agent i915
	intel-ice-firmware intel-npu intel-ucode iscsi-tools joydev kata-containers kata-containers-snp lldpd mdadm mei
	mellanox-mstflint metal-agent multipath-tools nebula netbird newt nfs-utils nfsd nfsrahead
	nonfree-kmod-nvidia-lts nonfree-kmod-nvidia-production nut-client nvidia-container-toolkit-lts
	nvidia-container-toolkit-production nvidia-fabricmanager-lts nvidia-fabricmanager-production
	nvidia-gdrdrv-device nvidia-open-gpu-kernel-modules-lts nvidia-open-gpu-kernel-modules-production nvme-cli
	panfrost px-fuse qemu-guest-agent qlogic-firmware realtek-firmware revpi-firmware rockchip-rknn
	soci-snapshotter spin stargz-snapshotter tailscale tenstorrent thunderbolt trident-iscsi-tools uhid uinput
	usb-audio-drivers usb-modem-drivers util-linux-tools v4l-uvc-drivers vc4 vmtoolsd-guest-agent wasmedge
	xdma-driver xe xen-guest-agent youki zerotier zfs`)

// renamedExtensions had another name before Talos 1.8.
var renamedExtensions = map[string]string{
	"i915-ucode": "i915", "amdgpu-firmware": "amdgpu", "v4l-uvc": "v4l-uvc-drivers",
	"nvidia-container-toolkit": "nvidia-container-toolkit-production", "nonfree-kmod-nvidia": "nonfree-kmod-nvidia-production",
}

// onlyAMD64 have nothing for ARM processors.
var onlyAMD64 = []string{"siderolabs/intel-ucode", "siderolabs/amd-ucode", "siderolabs/i915", "siderolabs/xe", "siderolabs/mei", "siderolabs/intel-npu"}

// images checks what the image factory is asked for.
func (c *checker) images() {
	if f := c.s.Cluster.ImageFactory; f != "" && !hostName.MatchString(f) {
		c.errorf(field.NewPath("cluster", "imageFactory"), "%q is not a host, with a port or without: write for example factory.talos.dev", f)
	}
	c.eachNode(func(at *field.Path, n *Node) {
		seen := map[string]int{}
		for i, e := range n.Extensions {
			p := at.Child("extensions").Index(i)
			if first, ok := seen[e]; ok {
				c.errorf(p, "%s is already extensions[%d]", e, first)
				continue
			}
			seen[e] = i
			c.extension(p, e, n.Arch)
		}
		keys := map[int]int{}
		for i, m := range n.Meta {
			if first, ok := keys[m.Key]; ok {
				c.errorf(at.Child("meta").Index(i).Child("key"), "%d is already meta[%d]", m.Key, first)
			}
			keys[m.Key] = i
		}
		c.kernelArgs(at, n)
		c.overlay(at, n)
		c.bootloader(at.Child("bootloader"), n)
		c.installer(at, n)
	})
}

// chosenBootloader is the first Talos whose images come with a boot loader of choice
// (https://github.com/siderolabs/talos/blob/v1.14.1/pkg/machinery/imager/quirks/quirks.go).
const chosenBootloader = Version("v1.12")

func (c *checker) bootloader(at *field.Path, n *Node) {
	talos := c.s.Cluster.TalosVersion
	_, readable := talos.parse()
	switch {
	case n.Bootloader == "":
	case readable && !talos.Reaches(chosenBootloader):
		c.errorf(at, "images of Talos %s (cluster.talosVersion) have no boot loader of choice, which %s brought: leave it out", talos, chosenBootloader)
	case n.SecureBoot && n.Bootloader != "sd-boot":
		c.errorf(at, "%s is not what Secure Boot starts, which is sd-boot alone (secureBoot)", n.Bootloader)
	case n.Overlay != nil:
		c.errorf(at, "overlay %s brings the board's own boot loader", n.Overlay.Name)
	}
}

// installerName is the repository of an image, with its registry's host before it.
var installerName = regexp.MustCompile(installerGrammar)

// installer checks an image of the owner's own, and that nothing is asked of the image factory beside it.
func (c *checker) installer(at *field.Path, n *Node) {
	if n.Installer == "" {
		return
	}
	path := at.Child("installer")
	if strings.ContainsAny(n.Installer[strings.LastIndex(n.Installer, "/")+1:], ":@") {
		c.errorf(path, "%q ends with a tag or a digest: leave it out, the tag is cluster.talosVersion", n.Installer)
		return
	}
	if !installerName.MatchString(n.Installer) {
		c.errorf(path, "%q is not the repository of an image, such as ghcr.io/example/talos-installer", n.Installer)
		return
	}
	for _, asked := range []struct {
		key   string
		given bool
	}{
		{"kernelArgs", len(n.KernelArgs) > 0},
		{"meta", len(n.Meta) > 0},
		{"overlay", n.Overlay != nil},
		{"bootloader", n.Bootloader != ""},
		{"secureBoot", n.SecureBoot},
	} {
		if asked.given {
			c.errorf(at.Child(asked.key), "is asked of the image factory, whose image %s (%s) takes the place of: build it into that one", path, n.Installer)
		}
	}
}

func (c *checker) extension(at *field.Path, name string, arch Arch) {
	short, official := strings.CutPrefix(name, "siderolabs/")
	switch {
	case slices.Contains(officialExtensions, name):
		c.errorf(at, "%q lacks its maker; write siderolabs/%s", name, name)
	case !extensionName.MatchString(name):
		c.errorf(at, "%q is not the name of an official extension, such as siderolabs/i915; the image factory picks registry and version itself", name)
	case renamedExtensions[short] != "" && official:
		c.errorf(at, "%s is called siderolabs/%s since Talos 1.8", name, renamedExtensions[short])
	case official && !slices.Contains(officialExtensions, short):
		hint := "the image factory refuses names that it does not know"
		if near := nearest(short, officialExtensions); near != "" {
			hint = fmt.Sprintf("did you mean siderolabs/%s?", near)
		}
		c.warnf(at, "%s is not among the official extensions of Talos 1.10 to 1.15: %s", name, hint)
	case arch == ArchARM64 && slices.Contains(onlyAMD64, name):
		c.warnf(at, "%s is for amd64 processors, and this node is arm64", name)
	}
}

// ownedArgs are kernel arguments that Talos or the program sets.
var ownedArgs = []string{"talos.platform", "talos.config", "talos.hostname", "init", "root"}

func (c *checker) kernelArgs(at *field.Path, n *Node) {
	seen := map[string]int{}
	for i, arg := range n.KernelArgs {
		p := at.Child("kernelArgs").Index(i)
		key, _, _ := strings.Cut(arg, "=")
		switch {
		case strings.TrimSpace(arg) == "":
			c.errorf(p, "is empty")
		case strings.ContainsAny(arg, " \t\n"):
			c.errorf(p, "%q has a blank in it: write each argument as an entry of its own", arg)
		case slices.Contains(ownedArgs, key):
			c.errorf(p, "%s is set by Talos itself", key)
		default:
			c.kernelArgument(at, p, n, arg)
		}
		if first, ok := seen[arg]; ok {
			c.errorf(p, "%s is already kernelArgs[%d]", arg, first)
		}
		seen[arg] = i
	}
}

func (c *checker) overlay(at *field.Path, n *Node) {
	o := n.Overlay
	if o == nil {
		return
	}
	if o.Image != "" && !extensionName.MatchString(o.Image) {
		c.errorf(at.Child("overlay", "image"), "%q is not an overlay image such as siderolabs/sbc-raspberrypi", o.Image)
	}
	if n.Arch != ArchARM64 && n.Arch != "" {
		c.errorf(at.Child("overlay"), "overlays are for single-board computers, which are arm64; the node's arch is %s", n.Arch)
	}
	if n.SecureBoot {
		c.errorf(at.Child("secureBoot"), "single-board computers with an overlay do not start by UEFI, so nothing checks the signature")
	}
}

// encryption checks the keys of Talos's volumes and of user volumes.
func (c *checker) encryption() {
	c.eachNode(func(at *field.Path, n *Node) {
		c.volumeKeys(at.Child("encryption", "state"), n, n.Encryption.State)
		c.volumeKeys(at.Child("encryption", "ephemeral"), n, n.Encryption.Ephemeral)
		for i, v := range n.UserVolumes {
			c.volumeKeys(at.Child("userVolumes").Index(i).Child("encryption"), n, v.Encryption)
		}
		for i, v := range n.RawVolumes {
			c.volumeKeys(at.Child("rawVolumes").Index(i).Child("encryption"), n, v.Encryption)
		}
		state := n.Encryption.State
		if n.Encryption.Ephemeral != nil && state == nil && slices.ContainsFunc(n.Encryption.Ephemeral.Keys, func(k EncryptionKey) bool { return k.Type == KeyStatic }) {
			c.warnf(at.Child("encryption", "ephemeral"), "its passphrase lies in the clear on the STATE volume: encrypt state too")
		}
		if state == nil {
			return
		}
		for i, k := range state.Keys {
			p := at.Child("encryption", "state", "keys").Index(i).Child("type")
			switch {
			case k.Type == KeyKMS && !n.DHCP:
				c.errorf(p, "kms cannot unlock STATE on a node with a static address: the address is on STATE, so the server cannot be reached before; use dhcp: true, or tpm")
			case k.Type == KeyStatic:
				c.warnf(p, "the passphrase of STATE is kept in the clear on the META partition of the same disk (https://www.talos.dev/latest/talos-guides/configuration/disk-encryption/)")
			}
		}
	})
}

func (c *checker) volumeKeys(at *field.Path, n *Node, v *VolumeEncryption) {
	if v == nil {
		return
	}
	if s := v.SectorSize; s != 0 && s&(s-1) != 0 {
		c.errorf(at.Child("sectorSize"), "%d is not 512, 1024, 2048 or 4096", s)
	}
	weak := len(v.Keys) > 0
	for i, k := range v.Keys {
		p := at.Child("keys").Index(i)
		weak = weak && k.Type == KeyNodeID
		switch {
		case k.Type == KeyTPM && !n.SecureBoot:
			c.warnf(p.Child("type"), "tpm without secureBoot seals the key to this machine and to nothing that it boots: whoever has the machine can unlock the disk")
		case k.Type == KeyStatic && k.PassphraseRef == "" && !c.anyBad(p):
			c.errorf(p.Child("passphraseRef"), "is missing: type static wants a passphrase, for example op://home/talos/disk-passphrase")
		case k.Type == KeyKMS && k.Endpoint == "" && !c.anyBad(p):
			c.errorf(p.Child("endpoint"), "is missing: type kms wants its server, for example https://kms.example.com:4050")
		}
		if k.Endpoint != "" && k.Type != KeyKMS {
			c.errorf(p.Child("endpoint"), "has no effect with type %s", k.Type)
		} else if k.Endpoint != "" {
			c.url(p.Child("endpoint"), k.Endpoint, "https", "grpc")
		}
		if k.PassphraseRef != "" && k.Type != KeyStatic {
			c.errorf(p.Child("passphraseRef"), "has no effect with type %s", k.Type)
		}
	}
	if weak {
		c.warnf(at, "nodeID keys are derived from the machine's UUID: whoever has the machine can unlock the disk")
	}
}
