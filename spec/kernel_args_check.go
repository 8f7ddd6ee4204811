package spec

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// protectedSysctls are those that the kubelet finds as it wants them, or does not start
// (https://github.com/kubernetes/kubernetes/blob/v1.34.1/pkg/kubelet/cm/container_manager_linux.go,
// https://github.com/kubernetes/kubernetes/blob/v1.34.1/staging/src/k8s.io/component-helpers/node/util/sysctl/sysctl.go).
var protectedSysctls = map[string]string{
	"vm.overcommit_memory": "1", "vm.panic_on_oom": "0", "kernel.panic": "10", "kernel.panic_on_oops": "1",
	"kernel.keys.root_maxkeys": "1000000", "kernel.keys.root_maxbytes": "25000000",
}

// protectedSysctl refuses values that the kubelet does not start with.
func (c *checker) protectedSysctl(at *field.Path, key, value string) {
	if want, ok := protectedSysctls[key]; ok && value != want && value != "" {
		c.errorf(at, "%s is not %s, which the kubelet wants of a node: it would not start", value, want)
	}
}

// kernelArgument refuses arguments that undo what fields say, or what the node needs.
func (c *checker) kernelArgument(node, at *field.Path, n *Node, arg string) {
	key, value, _ := strings.Cut(arg, "=")
	switch {
	case slices.Contains([]string{"ip", "vlan", "bond", "bridge"}, key) && value != "" && value != "dhcp":
		c.errorf(at, "%s describes a link that the node's own keys describe: the two would fight; leave it to them", key)
	case key == "ipv6.disable" && value == "1" && c.hasSix(n):
		c.errorf(at, "switches IPv6 off, and the node has an IPv6 address")
	case key == "net.ifnames" && value == "0" && predictable(n.Interface):
		c.errorf(at, "gives cards the names eth0, eth1, ...: %s, which carries the node's address, would not be there", n.Interface)
	case key == "talos.experimental.wipe":
		c.errorf(at, "is baked into the image: the node would be wiped at every boot")
	case key == "cgroup_disable" && strings.Contains(value, "memory"):
		c.errorf(at, "takes the memory limits away, without which the kubelet does not start")
	case key == "module_blacklist" || key == "modprobe.blacklist":
		for _, m := range n.KernelModules {
			if slices.Contains(strings.Split(value, ","), m.Name) {
				c.errorf(at, "keeps %s out, which kernelModules load", m.Name)
			}
		}
	}
	if name, ok := strings.CutPrefix(key, "sysctl."); ok {
		if mine, set := n.Sysctls[name]; set && mine != value {
			c.errorf(at, "%s is also %s (%s): keep one of them", name, entry(node.Child("sysctls"), name), mine)
			return
		}
		c.protectedSysctl(at, name, value)
	}
}

func (c *checker) hasSix(n *Node) bool {
	_, six := n.AddressOf(true)
	return six
}

// predictable reports whether a card's name is one that systemd makes of its place.
func predictable(name string) bool {
	return regexp.MustCompile(`^(en|wl)[opsx][0-9a-f]`).MatchString(name)
}

// hostsName refuses a name in a hosts file that leads away from its owner.
func (c *checker) hostsName(at *field.Path, address, name string) {
	if i, ok := c.byName[name]; ok {
		for _, a := range c.s.Nodes[i].Addresses() {
			if a.String() == address {
				return
			}
		}
		c.errorf(at, "%s is %s, at %s, and would be looked for at %s", name, nodePath(i), c.s.Nodes[i].Address, address)
	}
}
