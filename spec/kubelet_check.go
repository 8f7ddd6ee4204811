package spec

import (
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
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
	c.eachNode(func(at *field.Path, n *Node) {
		c.flags(at.Child("kubeletArgs"), n.KubeletArgs, ownedKubeletArgs)
		c.flagValues("kubelet")(at.Child("kubeletArgs"), n.KubeletArgs)
		seen := map[string]int{}
		for i, m := range n.KubeletMounts {
			p := at.Child("kubeletMounts").Index(i)
			good := c.mountPath(p.Child("source"), m.Source)
			if m.Destination != m.Source {
				good = c.mountPath(p.Child("destination"), m.Destination)
			}
			if good {
				c.mountOver(p.Child("destination"), m.Destination)
			}
			if first, ok := seen[m.Destination]; ok && m.Destination != "" {
				c.errorf(p.Child("destination"), "%s is also mounted by kubeletMounts[%d]", m.Destination, first)
			}
			seen[m.Destination] = i
			c.mountedAnyway(p, n, m)
			if strings.HasPrefix(m.Source, "/") && !strings.HasPrefix(m.Source, "/var") && !strings.HasPrefix(m.Source, "/dev") && !strings.HasPrefix(m.Source, "/run/") && !strings.HasPrefix(m.Source, "/sys") {
				c.warnf(p.Child("source"), "%s is on Talos's read-only system; what is kept lies under /var", m.Source)
			}
		}
		if w := n.Watchdog; w != nil {
			// https://github.com/siderolabs/talos/blob/v1.11.1/pkg/machinery/config/types/runtime/watchdog_timer.go
			if w.Timeout.Seconds() < 10 {
				c.errorf(at.Child("watchdog", "timeout"), "%s is shorter than Talos's shortest, 10s", w.Timeout)
			}
			if !strings.HasPrefix(w.Device, "/dev/watchdog") {
				c.errorf(at.Child("watchdog", "device"), "%q is not a watchdog such as /dev/watchdog0", w.Device)
			}
		}
	})
}

// mountedAnyway tells of mounts that Talos makes by itself, and of those that it does not make any more.
func (c *checker) mountedAnyway(at *field.Path, n *Node, m Mount) {
	contract, ok := c.s.Cluster.TalosContract.parse()
	last, _ := lastKubeletMounts.parse()
	switch {
	case ok && contract.compareMinor(last) > 0:
		c.errorf(at, "the kubelet's configuration of cluster.talosContract %s has no mounts; make %s a user volume, which the kubelet sees by itself",
			c.s.Cluster.TalosContract, m.Source)
	case slices.ContainsFunc(n.UserVolumes, func(v UserVolume) bool { return v.MountPath() == m.Source }):
		c.warnf(at, "%s is a user volume, which the kubelet sees by itself; with a mount of its own it doubles at each restart of the kubelet "+
			"(https://github.com/siderolabs/talos/issues/13053)", m.Source)
	}
}

// lastKubeletMounts is the last contract whose kubelet configuration has mounts
// (https://github.com/siderolabs/talos/blob/v1.14.1/pkg/machinery/config/types/k8s/kubelet.go).
const lastKubeletMounts = Version("v1.13")

func (c *checker) mountPath(at *field.Path, p string) bool {
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
func (c *checker) flags(at *field.Path, flags, owned map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		p := entry(at, name)
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
