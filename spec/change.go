package spec

import (
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// JudgeChange judges the step from the stack that was last applied to the one that is wanted now. Errors
// are what cannot be done to a running cluster, each with the way that can be gone; warnings announce what
// rolls, reboots, moves data or drops connections. It says nothing about the wanted stack by itself, and it
// is pure: whether a disk holds data, or an address is in use, only the cluster knows.
func JudgeChange(from, to *Stack) Problems {
	c := &change{from: from, to: to}
	c.cluster()
	c.networks()
	c.versions()
	c.nodes()
	c.storage()
	c.addresses()
	c.authorities()
	for i, p := range c.problems {
		c.problems[i] = to.source.locate(p)
	}
	return c.problems.sorted()
}

// change gathers the problems of one step.
type change struct {
	from, to *Stack
	problems Problems
}

// refuse reports what cannot be done to a running cluster.
func (c *change) refuse(path *field.Path, format string, args ...any) {
	c.add(Error, path, format, args...)
}

// announce reports what its owner should expect.
func (c *change) announce(path *field.Path, format string, args ...any) {
	c.add(Warning, path, format, args...)
}

func (c *change) add(severity Severity, path *field.Path, format string, args ...any) {
	if !c.to.isBad(path) {
		c.problems = append(c.problems, Problem{Severity: severity, Path: textOf(path), Message: fmt.Sprintf(format, args...)})
	}
}

// anew is the way that is left where none leads through the running cluster.
const anew = "build a second cluster with it, and restore the backups there"

func (c *change) cluster() {
	was, is := c.from.Cluster, c.to.Cluster
	if was.Name != is.Name {
		c.refuse(field.NewPath("cluster", "name"), "the running cluster is %q, and everything in it would be replaced under the name %q; keep the name (the stack itself can be renamed: `pulumi stack rename`, with cluster.name: %s written down)", was.Name, is.Name, was.Name)
	}
	if was.DNSDomain != is.DNSDomain {
		c.refuse(field.NewPath("cluster", "dnsDomain"), "%s cannot become %s in a running cluster, whose pods and certificates have the former; %s", was.DNSDomain, is.DNSDomain, anew)
	}
	before, known := was.TalosContract.parse()
	after, ok := is.TalosContract.parse()
	switch {
	case !known || !ok || before.compareMinor(after) == 0:
	case after.compareMinor(before) < 0:
		c.refuse(field.NewPath("cluster", "talosContract"), "%s cannot be set back to %s: machines run configs that an older contract does not describe; keep %s", was.TalosContract, is.TalosContract, was.TalosContract)
	default:
		c.announce(field.NewPath("cluster", "talosContract"), "%s instead of %s generates other machine configs: expect every machine to change, and most to reboot, one at a time", is.TalosContract, was.TalosContract)
	}
	if was := c.from.ServiceAccountIssuer(); was != c.to.ServiceAccountIssuer() && was != "" {
		c.refuse(field.NewPath("cluster", "serviceAccountIssuer"), "the tokens that pods hold name %s as their issuer, and would be refused; keep it: write serviceAccountIssuer: %s", was, was)
	}
	c.endpoint()
}

// endpoint judges another address of the API. A VIP moves while the control planes change one after the other: those that
// have not yet hold the former, the others the new one. With any other endpoint nobody knows who answers when.
func (c *change) endpoint() {
	was, is := c.from.ClusterEndpoint(), c.to.ClusterEndpoint()
	if was == is || was == "" {
		return
	}
	vip, before := field.NewPath("network", "vip"), c.from.Network.VIP
	if c.from.Cluster.Endpoint != "" || c.to.Cluster.Endpoint != "" || !before.IsValid() || !c.to.Network.VIP.IsValid() {
		path := field.NewPath("cluster", "endpoint")
		if !c.to.isSet(path) && c.to.Network.VIP.IsValid() {
			path = vip
		}
		c.refuse(path, "the API is found at %s by every machine and in every kubeconfig; keep it, and give it further names or addresses in cluster.certSANs", was)
		return
	}
	if len(c.to.ControlPlanes()) < 2 {
		c.refuse(vip, "a single control plane changes from %s to %s at one moment, and this update loses the API on the way; keep it", before, c.to.Network.VIP)
		return
	}
	c.announce(vip, "moves from %s to %s while the control planes change one after the other, and the API answers at one of the two; what still asks %s then finds nobody: fetch kubeconfigs again, and change names that lead there", before, c.to.Network.VIP, before)
}

func (c *change) networks() {
	was, is := c.from.Network, c.to.Network
	for _, n := range []struct {
		path    *field.Path
		was, is any
		what    string
	}{
		{podCIDRs, was.PodCIDRs, is.PodCIDRs, "the pod network"},
		{serviceCIDRs, was.ServiceCIDRs, is.ServiceCIDRs, "the service network"},
		{field.NewPath("network", "nodeCIDRMaskSize4"), was.NodeCIDRMaskSize4, is.NodeCIDRMaskSize4, "the size of the nodes' pod blocks"},
		{field.NewPath("network", "nodeCIDRMaskSize6"), was.NodeCIDRMaskSize6, is.NodeCIDRMaskSize6, "the size of the nodes' pod blocks"},
	} {
		if !reflect.DeepEqual(n.was, n.is) {
			c.refuse(n.path, "%v cannot become %v: %s of a running cluster stays as it was made; %s", n.was, n.is, n.what, anew)
		}
	}
}
