package spec

import (
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// criPart is the one file outside of /var that Talos creates for a user: containerd's settings, to which this program
// adds what Spegel needs.
const criPart = "/etc/cri/conf.d/20-customization.part"

// files holds machine.files against what Talos does with them at boot
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_sequencer_tasks.go).
func (p *patch) files() {
	for _, f := range p.root.get("machine", "files").list() {
		op, file := f.get("op").text(), f.get("path").text()
		switch {
		case !slices.Contains([]string{"create", "append", "overwrite"}, op):
			p.c.errorf(f.get("op").path, "%q is not create, append or overwrite: Talos would not boot", op)
		case !strings.HasPrefix(file, "/"):
			p.c.errorf(f.get("path").path, "%q is not an absolute path", file)
		case file == criPart:
			p.c.errorf(f.get("path").path, "%s is written by this program, for Spegel, and Talos writes it once: it would not boot", file)
		case op == "create" && !below(file, "/var"):
			p.c.errorf(f.get("path").path, "%s lies outside of /var, where Talos creates no files: it would not boot", file)
		case below(file, "/etc/kubernetes/manifests"):
			p.c.errorf(f.get("path").path, "%s is a static pod, which Talos takes as machine.pods", file)
		}
	}
}

// filesOnce finds files that two patches of one node create.
func (c *checker) filesOnce(at *field.Path, n *Node) {
	seen := map[string]*field.Path{}
	for i, tree := range n.Patches {
		root := part{at.Child("patches").Index(i), tree}
		for _, f := range root.get("machine", "files").list() {
			file := f.get("path").text()
			if first, ok := seen[file]; ok && f.get("op").text() == "create" {
				c.errorf(f.get("path").path, "%s is also written by %s", file, c.s.origin(first))
			} else if !ok {
				seen[file] = f.path
			}
		}
	}
}

// below reports whether a path is a directory or lies below it.
func below(file, dir string) bool { return file == dir || strings.HasPrefix(file, dir+"/") }

// neededByKubelet are the directories that Talos mounts into the kubelet's container
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/system/services/kubelet.go).
var neededByKubelet = []string{
	"/dev", "/sys", "/run", "/var/run", "/etc/cni", "/etc/kubernetes", "/etc/os-release", "/etc/machine-id", "/etc/ssl",
	"/usr/libexec/kubernetes", "/var/lib/cni", "/var/lib/containerd", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods",
}

// mountOver refuses a mount that hides what the kubelet needs.
func (c *checker) mountOver(at *field.Path, destination string) {
	for _, dir := range neededByKubelet {
		if destination != "" && destination != "/" && below(dir, destination) {
			c.errorf(at, "%s would hide %s from the kubelet, which needs it", destination, dir)
			return
		}
	}
}

func (p *patch) mounts() {
	for _, m := range p.root.get("machine", "kubelet", "extraMounts").list() {
		destination := m.get("destination").text()
		p.c.mountOver(m.get("destination").path, path.Clean(destination))
		if i := slices.IndexFunc(p.n.KubeletMounts, func(k Mount) bool { return k.Destination == destination }); i >= 0 {
			p.c.errorf(m.get("destination").path, "%s is also mounted by %s", destination, p.at.Child("kubeletMounts").Index(i))
		}
	}
}

// environment checks the variables of Talos's own services.
func (p *patch) environment() {
	env := p.root.get("machine", "env")
	values := env.texts()
	except := values["no_proxy"] + "," + values["NO_PROXY"]
	for _, key := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"} {
		proxy := values[key]
		if proxy == "" {
			continue
		}
		at := env.get(key).path
		p.c.neededURL(at, proxy, "images and time come through it")
		if missing := unproxied(except, p.c.s.Network.NodeCIDRs); missing.IsValid() && parsesAsURL(proxy) {
			p.c.errorf(at, "is set, and no_proxy lacks network.nodeCIDRs (%s): nodes would look for each other behind the proxy", missing)
			return
		}
	}
}

func parsesAsURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != ""
}

// unproxied is the first network that a list of exceptions does not hold.
func unproxied(list string, networks []netip.Prefix) netip.Prefix {
	var except []netip.Prefix
	for _, word := range strings.Split(list, ",") {
		if p, err := netip.ParsePrefix(strings.TrimSpace(word)); err == nil {
			except = append(except, p)
		}
	}
	for _, n := range networks {
		inside := slices.ContainsFunc(except, func(p netip.Prefix) bool { return n.IsValid() && p.Contains(n.Addr()) && p.Bits() <= n.Bits() })
		if n.IsValid() && !inside {
			return n
		}
	}
	return netip.Prefix{}
}

// disks notes the disks that machine.disks takes.
func (p *patch) disks() {
	for _, d := range p.root.get("machine", "disks").list() {
		if device := d.get("device"); device.text() != "" {
			p.c.disks = append(p.c.disks, placedDisk{path: device.path, node: p.node, sel: DiskSelector{Path: device.text()}, use: useMachineDisk})
		}
	}
}

// volume notes the disk of a volume that a document makes.
func (p *patch) volume(match part, use diskUse) {
	if !match.exists() {
		return
	}
	if p.c.expression(match.path, match.text()) {
		p.c.disks = append(p.c.disks, placedDisk{path: match.path, node: p.node, match: match.text(), use: use})
	}
}
