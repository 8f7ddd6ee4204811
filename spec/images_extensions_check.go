package spec

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// extensionGroups are extensions of which a node has one at most.
var extensionGroups = []struct {
	members []string
	why     string
}{
	{
		[]string{
			"siderolabs/nonfree-kmod-nvidia-lts", "siderolabs/nonfree-kmod-nvidia-production",
			"siderolabs/nvidia-open-gpu-kernel-modules-lts", "siderolabs/nvidia-open-gpu-kernel-modules-production",
		}, "both bring the kernel module nvidia",
	},
	{
		[]string{"siderolabs/nvidia-container-toolkit-lts", "siderolabs/nvidia-container-toolkit-production"},
		"both bring NVIDIA's container runtime",
	},
	{[]string{"siderolabs/iscsi-tools", "siderolabs/trident-iscsi-tools"}, "both run iscsid"},
	{[]string{"siderolabs/stargz-snapshotter", "siderolabs/soci-snapshotter"}, "both replace containerd's snapshotter"},
	{
		[]string{"siderolabs/qemu-guest-agent", "siderolabs/vmtoolsd-guest-agent", "siderolabs/xen-guest-agent", "siderolabs/hyperv-guest-agent"},
		"a machine runs on one hypervisor, and the agent of another never starts",
	},
}

// extensionNeeds are extensions that do not work without one of others; a trailing * stands for a variant
// (https://github.com/siderolabs/extensions#catalog).
var extensionNeeds = map[string][]string{
	"siderolabs/nvidia-container-toolkit-lts":        {"siderolabs/nonfree-kmod-nvidia-lts", "siderolabs/nvidia-open-gpu-kernel-modules-lts"},
	"siderolabs/nvidia-container-toolkit-production": {"siderolabs/nonfree-kmod-nvidia-production", "siderolabs/nvidia-open-gpu-kernel-modules-production"},
	"siderolabs/nvidia-fabricmanager-lts":            {"siderolabs/nonfree-kmod-nvidia-lts", "siderolabs/nvidia-open-gpu-kernel-modules-lts"},
	"siderolabs/nvidia-fabricmanager-production":     {"siderolabs/nonfree-kmod-nvidia-production", "siderolabs/nvidia-open-gpu-kernel-modules-production"},
	"siderolabs/gvisor-debug":                        {"siderolabs/gvisor"},
	"siderolabs/kata-containers-snp":                 {"siderolabs/kata-containers"},
}

// extensionSets checks that the extensions of a node go together.
func (c *checker) extensionSets() {
	c.eachNode(func(at *field.Path, n *Node) {
		place := func(e string) *field.Path { return at.Child("extensions").Index(slices.Index(n.Extensions, e)) }
		for _, g := range extensionGroups {
			var have []string
			for _, e := range n.Extensions {
				if slices.Contains(g.members, e) && !slices.Contains(have, e) {
					have = append(have, e)
				}
			}
			if len(have) > 1 {
				c.errorf(place(have[1]), "%s and extensions[%d] (%s) exclude each other: %s", have[1], slices.Index(n.Extensions, have[0]), have[0], g.why)
			}
		}
		for _, e := range n.Extensions {
			needs := extensionNeeds[e]
			if len(needs) > 0 && !slices.ContainsFunc(needs, func(need string) bool { return slices.Contains(n.Extensions, need) }) {
				c.errorf(place(e), "%s does not start without %s: add it", e, strings.Join(needs, " or "))
			}
		}
		if slices.Contains(n.Extensions, "siderolabs/metal-agent") {
			c.errorf(place("siderolabs/metal-agent"), "siderolabs/metal-agent makes of the machine one that waits for Omni, and no node of a cluster")
		}
	})
}
