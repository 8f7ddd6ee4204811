package spec

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// ownedKubeletArgs are set by Talos, or by other keys of the stack file.
var ownedKubeletArgs = map[string]string{
	"node-ip": "the node's addresses", "hostname-override": "name", "cluster-dns": "network.serviceCIDRs",
	"cluster-domain": "cluster.dnsDomain", "max-pods": "maxPods", "node-labels": "labels",
	"register-with-taints": "taints", "config": "Talos", "kubeconfig": "Talos", "bootstrap-kubeconfig": "Talos",
	"container-runtime-endpoint": "Talos", "cert-dir": "Talos", "pod-cidr": "network.podCIDRs",
}

// kubelets checks the kubelet's flags and mounts, and the watchdog.
func (c *checker) kubelets() {
	c.eachNode(func(at string, n *Node) {
		c.flags(at+".kubeletArgs", n.KubeletArgs, ownedKubeletArgs)
		c.flagValues("kubelet")(at+".kubeletArgs", n.KubeletArgs)
		seen := map[string]int{}
		for i, m := range n.KubeletMounts {
			p := fmt.Sprintf("%s.kubeletMounts[%d]", at, i)
			good := c.mountPath(p+".source", m.Source)
			if m.Destination != m.Source {
				good = c.mountPath(p+".destination", m.Destination)
			}
			if good {
				c.mountOver(p+".destination", m.Destination)
			}
			if first, ok := seen[m.Destination]; ok && m.Destination != "" {
				c.errorf(p+".destination", "%s is also mounted by kubeletMounts[%d]", m.Destination, first)
			}
			seen[m.Destination] = i
			if strings.HasPrefix(m.Source, "/") && !strings.HasPrefix(m.Source, "/var") && !strings.HasPrefix(m.Source, "/dev") && !strings.HasPrefix(m.Source, "/run/") && !strings.HasPrefix(m.Source, "/sys") {
				c.warnf(p+".source", "%s is on Talos's read-only system; what is kept lies under /var", m.Source)
			}
		}
		if w := n.Watchdog; w != nil {
			// https://github.com/siderolabs/talos/blob/v1.11.1/pkg/machinery/config/types/runtime/watchdog_timer.go
			if w.Timeout.Seconds() < 10 {
				c.errorf(at+".watchdog.timeout", "%s is shorter than Talos's shortest, 10s", w.Timeout)
			}
			if !strings.HasPrefix(w.Device, "/dev/watchdog") {
				c.errorf(at+".watchdog.device", "%q is not a watchdog such as /dev/watchdog0", w.Device)
			}
		}
	})
}

func (c *checker) mountPath(at, p string) bool {
	switch {
	case p == "":
		return true
	case !strings.HasPrefix(p, "/") || path.Clean(p) != p:
		c.errorf(at, "%q is not an absolute directory in its plain form", p)
	case p == "/" || p == "/var" || p == "/var/lib" || p == "/var/lib/kubelet" || p == "/var/lib/etcd":
		c.errorf(at, "%s belongs to Talos; mount a directory of your own", p)
	default:
		return true
	}
	return false
}

// flags checks the names of command-line flags, and that they are not set by other keys.
func (c *checker) flags(at string, flags, owned map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		p := join(at, name)
		switch owner := owned[name]; {
		case strings.HasPrefix(name, "-"):
			c.errorf(p, "is written without the leading dashes: %s", strings.TrimLeft(name, "-"))
		case owner == "Talos":
			c.errorf(p, "is set by Talos and cannot be changed")
		case owner != "":
			c.errorf(p, "is set from %s; change it there", owner)
		case strings.ContainsAny(name, " =_"):
			c.errorf(p, "is not the name of a flag, such as feature-gates")
		}
	}
}

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
