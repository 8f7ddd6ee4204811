package spec

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// moduleExtensions are kernel modules that only an extension brings
// (https://github.com/siderolabs/extensions#catalog).
var moduleExtensions = map[string]string{
	"nvidia": "siderolabs/nvidia-open-gpu-kernel-modules-lts", "nvidia_uvm": "siderolabs/nvidia-open-gpu-kernel-modules-lts",
	"nvidia_drm": "siderolabs/nvidia-open-gpu-kernel-modules-lts", "nvidia_modeset": "siderolabs/nvidia-open-gpu-kernel-modules-lts",
	"drbd_transport_tcp": "siderolabs/drbd", "nfsd": "siderolabs/nfsd", "uinput": "siderolabs/uinput", "uhid": "siderolabs/uhid",
	"cachefiles": "siderolabs/cachefilesd", "joydev": "siderolabs/joydev", "rknpu": "siderolabs/rockchip-rknn",
	"zfs": "siderolabs/zfs", "drbd": "siderolabs/drbd", "btrfs": "siderolabs/btrfs", "thunderbolt": "siderolabs/thunderbolt",
	"gasket": "siderolabs/gasket-driver", "apex": "siderolabs/gasket-driver", "hailo_pci": "siderolabs/hailort",
}

// modulePrefixes are the extensions that bring a module too, in variants of which a node has one.
var modulePrefixes = map[string][]string{
	"siderolabs/nvidia-open-gpu-kernel-modules-lts": {"siderolabs/nvidia-open-gpu-kernel-modules-", "siderolabs/nonfree-kmod-nvidia-"},
}

// moduleExtension checks that a module is part of the node's image.
func (c *checker) moduleExtension(at *field.Path, n *Node, module string) {
	e := moduleExtensions[module]
	if e == "" || slices.Contains(n.Extensions, e) {
		return
	}
	for _, prefix := range modulePrefixes[e] {
		if slices.ContainsFunc(n.Extensions, func(have string) bool { return strings.HasPrefix(have, prefix) }) {
			return
		}
	}
	c.errorf(at, "%s is not part of Talos: add the extension %s, which brings it", module, e)
}

// kernels checks what the kernel and the hosts file of each node are told.
func (c *checker) kernels() {
	c.eachNode(func(at *field.Path, n *Node) {
		seen := map[string]int{}
		for i, m := range n.KernelModules {
			p := at.Child("kernelModules").Index(i)
			if strings.ContainsAny(m.Name, " /.=") {
				c.errorf(p.Child("name"), "%q is not the name of a kernel module", m.Name)
			}
			if first, ok := seen[m.Name]; ok && m.Name != "" {
				c.errorf(p.Child("name"), "%s is already kernelModules[%d]", m.Name, first)
			}
			seen[m.Name] = i
			c.moduleExtension(p.Child("name"), n, m.Name)
			for j, param := range m.Parameters {
				if strings.ContainsAny(param, " \t") {
					c.errorf(p.Child("parameters").Index(j), "%q has a blank in it: write each parameter as an entry of its own", param)
				}
			}
		}
		c.sysctls(at.Child("sysctls"), n.Sysctls)
		for _, key := range slices.Sorted(maps.Keys(n.Sysfs)) {
			if strings.HasPrefix(key, "/") || !strings.Contains(key, ".") {
				c.errorf(entry(at.Child("sysfs"), key), "is written with dots and without /sys: devices.system.cpu.cpu0.cpufreq.scaling_governor")
			}
		}
		for _, key := range slices.Sorted(maps.Keys(n.Hosts)) {
			p := entry(at.Child("hosts"), key)
			if !parses(key) {
				c.errorf(p, "the key is not an IP address; write address: [name]")
			}
			for i, name := range n.Hosts[key] {
				if !isDomain(strings.ToLower(name)) {
					c.errorf(p.Index(i), "%q is not a host name", name)
				}
				c.hostsName(p.Index(i), key, name)
			}
		}
	})
}

func (c *checker) sysctls(at *field.Path, values map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		p, value := entry(at, key), values[key]
		dotted := strings.ReplaceAll(key, "/", ".")
		switch {
		case !strings.Contains(dotted, ".") || strings.ContainsAny(key, " =") || strings.HasPrefix(key, "/"):
			c.errorf(p, "is not a kernel parameter such as net.core.rmem_max")
		case strings.TrimSpace(value) == "":
			c.errorf(p, "is empty")
		case value == "0" && (dotted == "net.ipv4.ip_forward" || dotted == "net.ipv4.conf.all.forwarding"):
			c.errorf(p, "0 stops the node from forwarding packets, and with it every pod")
		case value == "0" && dotted == "net.ipv6.conf.all.forwarding" && hasFamily(c.s.Network.PodCIDRs, true):
			c.errorf(p, "0 stops the node from forwarding packets, and with it every pod's IPv6")
		case value == "1" && strings.HasPrefix(dotted, "net.ipv6.conf.") && strings.HasSuffix(dotted, ".disable_ipv6") && hasFamily(c.s.Network.PodCIDRs, true):
			c.errorf(p, "1 switches IPv6 off, which pods have (network.podCIDRs)")
		}
		c.protectedSysctl(p, dotted, value)
	}
}
