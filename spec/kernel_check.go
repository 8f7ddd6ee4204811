package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
func (c *checker) moduleExtension(at string, n *Node, module string) {
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
	c.eachNode(func(at string, n *Node) {
		seen := map[string]int{}
		for i, m := range n.KernelModules {
			p := fmt.Sprintf("%s.kernelModules[%d]", at, i)
			if strings.ContainsAny(m.Name, " /.=") {
				c.errorf(p+".name", "%q is not the name of a kernel module", m.Name)
			}
			if first, ok := seen[m.Name]; ok && m.Name != "" {
				c.errorf(p+".name", "%s is already kernelModules[%d]", m.Name, first)
			}
			seen[m.Name] = i
			c.moduleExtension(p+".name", n, m.Name)
			for j, param := range m.Parameters {
				if strings.ContainsAny(param, " \t") {
					c.errorf(fmt.Sprintf("%s.parameters[%d]", p, j), "%q has a blank in it: write each parameter as an entry of its own", param)
				}
			}
		}
		c.sysctls(at+".sysctls", n.Sysctls)
		for _, key := range slices.Sorted(maps.Keys(n.Sysfs)) {
			if strings.HasPrefix(key, "/") || !strings.Contains(key, ".") {
				c.errorf(join(at+".sysfs", key), "is written with dots and without /sys: devices.system.cpu.cpu0.cpufreq.scaling_governor")
			}
		}
		for _, key := range slices.Sorted(maps.Keys(n.Hosts)) {
			p := join(at+".hosts", key)
			if !parses(key) {
				c.errorf(p, "the key is not an IP address; write address: [name]")
			}
			for i, name := range n.Hosts[key] {
				if !isDomain(strings.ToLower(name)) {
					c.errorf(fmt.Sprintf("%s[%d]", p, i), "%q is not a host name", name)
				}
				c.hostsName(fmt.Sprintf("%s[%d]", p, i), key, name)
			}
		}
	})
}

func (c *checker) sysctls(at string, values map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		p, value := join(at, key), values[key]
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
