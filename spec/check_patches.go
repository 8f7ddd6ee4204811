package spec

import (
	"fmt"
	"maps"
	"slices"
)

// ownedPaths are the keys of a machine configuration that the stack file decides; a patch of them would
// make the plan say one thing and the node do another. Each names its owner.
var ownedPaths = []struct {
	path  []string
	owner string
}{
	{[]string{"machine", "type"}, "the node's role"},
	{[]string{"machine", "token"}, "the cluster's secrets"},
	{[]string{"machine", "ca"}, "the cluster's secrets"},
	{[]string{"machine", "install", "image"}, "cluster.talosVersion and the node's extensions"},
	{[]string{"machine", "install", "disk"}, "installDisk"},
	{[]string{"machine", "install", "diskSelector"}, "installDisk"},
	{[]string{"machine", "network", "hostname"}, "the node's name"},
	{[]string{"machine", "nodeLabels"}, "labels"},
	{[]string{"machine", "nodeTaints"}, "taints"},
	{[]string{"cluster", "id"}, "the cluster's secrets"},
	{[]string{"cluster", "secret"}, "the cluster's secrets"},
	{[]string{"cluster", "token"}, "the cluster's secrets"},
	{[]string{"cluster", "ca"}, "the cluster's secrets"},
	{[]string{"cluster", "clusterName"}, "cluster.name"},
	{[]string{"cluster", "controlPlane", "endpoint"}, "cluster.endpoint and network.vip"},
	{[]string{"cluster", "network", "podSubnets"}, "network.podCIDRs"},
	{[]string{"cluster", "network", "serviceSubnets"}, "network.serviceCIDRs"},
	{[]string{"cluster", "network", "dnsDomain"}, "cluster.dnsDomain"},
	{[]string{"cluster", "network", "cni"}, "cilium"},
	{[]string{"cluster", "proxy"}, "cilium, which replaces kube-proxy"},
	{[]string{"cluster", "allowSchedulingOnControlPlanes"}, "cluster.allowSchedulingOnControlPlanes"},
}

// patchKeys are the top-level keys of Talos's main document.
var patchKeys = []string{"machine", "cluster", "version", "debug", "persist"}

// patches checks raw patches for the slips that would only show on the node.
func (c *checker) patches() {
	c.eachNode(func(at string, n *Node) {
		for i, patch := range n.Patches {
			p := fmt.Sprintf("%s.patches[%d]", at, i)
			if len(patch) == 0 {
				c.errorf(p, "is empty")
				continue
			}
			kind, isDocument := patch["kind"]
			if _, versioned := patch["apiVersion"]; isDocument != versioned {
				c.errorf(p, "a document of its own has both apiVersion and kind")
			}
			if isDocument {
				if kind == "HostnameConfig" {
					c.errorf(p, "is set from the node's name; change it there")
				}
				continue
			}
			for _, key := range slices.Sorted(maps.Keys(patch)) {
				if !slices.Contains(patchKeys, key) {
					near := nearest(key, patchKeys)
					if near == "" {
						near = "machine"
					}
					c.errorf(join(p, key), "unknown key %q; did you mean %q?", key, near)
				}
			}
			for _, owned := range ownedPaths {
				if has(patch, owned.path) {
					where := p
					for _, step := range owned.path {
						where = join(where, step)
					}
					c.errorf(where, "is set from %s; change it there", owned.owner)
				}
			}
		}
	})
}

func has(tree map[string]any, path []string) bool {
	value, ok := tree[path[0]]
	if !ok || len(path) == 1 {
		return ok
	}
	deeper, isMap := value.(map[string]any)
	return isMap && has(deeper, path[1:])
}
