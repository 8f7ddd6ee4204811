package spec

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// rejoin is the way to change what a node keeps for as long as it belongs to the cluster.
const rejoin = "take the node out of the stack and apply that, reset the machine, then add it again"

func (c *change) nodes() {
	before := map[string]Node{}
	for _, n := range c.from.Nodes {
		before[n.Name] = n
	}
	after := map[string]bool{}
	for _, n := range c.to.Nodes {
		after[n.Name] = true
	}
	var removed []Node
	for _, n := range c.from.Nodes {
		if !after[n.Name] {
			removed = append(removed, n)
		}
	}
	for i, n := range c.to.Nodes {
		at := nodePath(i)
		if was, known := before[n.Name]; known {
			c.node(at, was, n)
			continue
		}
		if was, same := machineOf(removed, n); same {
			c.refuse(at.Child("name"), "%s is the machine that was %s: it would be configured as a new node and then removed as the old one; %s as %s", n.Name, was.Name, strings.Replace(rejoin, "the node", was.Name, 1), n.Name)
		}
	}
	c.removals(removed)
}

// machineOf finds a node that is the same machine as n.
func machineOf(nodes []Node, n Node) (Node, bool) {
	i := slices.IndexFunc(nodes, func(other Node) bool {
		return other.Address == n.Address || !n.MAC.IsZero() && other.MAC == n.MAC
	})
	if i < 0 {
		return Node{}, false
	}
	return nodes[i], true
}

// node judges what changes of one machine.
func (c *change) node(at *field.Path, was, is Node) {
	if was.Role != is.Role {
		c.refuse(at.Child("role"), "%s is a %s, and a machine keeps its role; %s", is.Name, was.Role, rejoin)
	}
	if was.Address != is.Address {
		c.refuse(at.Child("address"), "%s answers at %s, and would be looked for at %s, where nobody is yet; %s", is.Name, was.Address, is.Address, rejoin)
	}
	c.reinstall(at, was, is)
	if was.SecureBoot != is.SecureBoot {
		c.refuse(at.Child("secureBoot"), "%s was installed with another boot loader; %s", is.Name, rejoin)
	}
	c.userVolumes(at, was, is)
	switch {
	case was.Installer != is.Installer && was.Installer != "" && is.Installer != "":
		// Neither machine tells an image of its owner's own from another.
		c.announce(at.Child("installer"), "%s instead of %s reaches %s with the next release of Talos", is.Installer, was.Installer, is.Name)
	case was.Installer != is.Installer:
		c.announce(at.Child("installer"), "%s gets an image of another maker: it is upgraded and reboots", is.Name)
	case was.Bootloader != is.Bootloader:
		c.announce(at.Child("bootloader"), "%s gets another image, and reboots; its disk starts with what it was installed with until it is installed anew", is.Name)
	case was.SchematicID() != is.SchematicID():
		c.announce(at.Child("extensions"), "%s gets another image, for its extensions or kernel arguments: it is upgraded and reboots", is.Name)
	}
}

// userVolumes announces volumes that were made already, and stay as they are.
func (c *change) userVolumes(at *field.Path, was, is Node) {
	for i, v := range is.UserVolumes {
		before, known := was.UserVolume(v.Name)
		if !known {
			continue
		}
		if before.Type != v.Type || before.Disk != v.Disk || before.Match != v.Match || before.Filesystem != v.Filesystem || (before.Encryption == nil) != (v.Encryption == nil) {
			c.announce(at.Child("userVolumes").Index(i), "volume %s of %s was made already, and stays as it was: move its data, and wipe it before it can be made anew", v.Name, is.Name)
		}
	}
}

// removals judges the nodes that leave.
func (c *change) removals(removed []Node) {
	var planes []string
	for _, n := range removed {
		if n.IsControlPlane() {
			planes = append(planes, n.Name)
		}
	}
	all := len(c.from.ControlPlanes())
	switch {
	case len(planes) == 0:
	case len(planes) == all:
		c.refuse(field.NewPath("nodes"), "%s leave, and with them all of etcd's data; keep one until another has joined", strings.Join(planes, ", "))
	case len(planes) > 1:
		c.refuse(field.NewPath("nodes"), "%s leave at once: etcd has %d members, and would lose its quorum; take one out at a time", strings.Join(planes, ", "), all)
	}
	for _, n := range removed {
		does := "its pods are moved, and its node object goes"
		if n.IsControlPlane() {
			does = "its pods are moved, it leaves etcd, and its node object goes"
		}
		then := "the machine is wiped, and waits for a config"
		if !c.from.Cluster.ResetOnDestroy {
			// A kubelet registers its node at each start, and a control plane without data joins etcd.
			then = fmt.Sprintf("the machine runs on, and would join again at its next boot: when this is applied, wipe it (`talosctl --nodes %s reset --graceful=false`)", n.Address)
		}
		c.announce(field.NewPath("nodes"), "%s leaves: %s; %s", n.Name, does, then)
	}
}
