package spec

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
var labelWord = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)

// labels checks node labels and annotations.
func (c *checker) labels() {
	c.eachNode(func(at *field.Path, n *Node) {
		for _, key := range slices.Sorted(maps.Keys(n.Labels)) {
			p := entry(at.Child("labels"), key)
			if !c.labelKey(p, key) {
				continue
			}
			if v := n.Labels[key]; v != "" && !labelWord.MatchString(v) {
				c.errorf(p, "%q is not a label's value: up to 63 letters, digits, dashes, dots and underscores, with a letter or digit at both ends", v)
			}
			c.restricted(p, key, n)
		}
		for _, key := range slices.Sorted(maps.Keys(n.Annotations)) {
			p := entry(at.Child("annotations"), key)
			if c.labelKey(p, key) && key == ReinstallAnnotation {
				c.errorf(p, "is written by reinstall: %s would count as a reinstall that was done; take it out", n.Annotations[key])
			}
		}
	})
}

func (c *checker) labelKey(path *field.Path, key string) bool {
	prefix, name, ok := strings.Cut(key, "/")
	if !ok {
		prefix, name = "", key
	}
	if ok && !isDomain(prefix) || !labelWord.MatchString(name) {
		c.errorf(path, "is not a label's key: [domain/]name, the name of up to 63 letters, digits, dashes, dots and underscores")
		return false
	}
	return true
}

// freeForKubelets are the labels in Kubernetes's own domains that a kubelet may set on its node
// (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
var freeForKubelets = []string{
	"node.kubernetes.io/instance-type", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
	"beta.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
}

// setByKubelets are the labels that every kubelet gives its node.
var setByKubelets = []string{"kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch", "beta.kubernetes.io/os"}

func (c *checker) restricted(path *field.Path, key string, n *Node) {
	domain, _, _ := strings.Cut(key, "/")
	own := strings.Contains(key, "/") && (within(domain, "kubernetes.io") || within(domain, "k8s.io"))
	switch {
	case slices.Contains(setByKubelets, key):
		c.errorf(path, "is set by the kubelet itself")
	case n.IsControlPlane() || !own:
	case slices.Contains(freeForKubelets, key), within(domain, "kubelet.kubernetes.io"), within(domain, "node.kubernetes.io"):
	case domain == "node-role.kubernetes.io":
		c.errorf(path, "a worker may not give itself a role (NodeRestriction): Talos would retry for ever; use a label of your own domain, or label the node from Git")
	default:
		c.errorf(path, "a worker may not set labels under %s itself (NodeRestriction); use a domain of your own", domain)
	}
}

// taints checks node taints, and that some node takes ordinary pods.
func (c *checker) taints() {
	open := len(c.s.Nodes) == 0
	c.eachNode(func(at *field.Path, n *Node) {
		seen := map[Taint]int{}
		closed := false
		for i, t := range n.Taints {
			p := at.Child("taints").Index(i)
			if t.Key != "" {
				c.labelKey(p.Child("key"), t.Key)
			}
			if t.Value != "" && !labelWord.MatchString(t.Value) {
				c.errorf(p.Child("value"), "%q is not a taint's value: up to 63 letters, digits, dashes, dots and underscores", t.Value)
			}
			same := Taint{Key: t.Key, Effect: t.Effect}
			if first, ok := seen[same]; ok && t.Key != "" {
				c.errorf(p, "%s with effect %s is already taints[%d]", t.Key, t.Effect, first)
			}
			seen[same] = i
			closed = closed || t.Effect == "NoSchedule" || t.Effect == "NoExecute"
		}
		open = open || !closed && c.s.Schedulable(*n)
	})
	schedulable := slices.ContainsFunc(c.s.Nodes, c.s.Schedulable)
	if !open && schedulable && !c.anyRoleUnknown() {
		c.errorf(field.NewPath("nodes"), "every node that takes workloads has a NoSchedule or NoExecute taint: DNS and most charts could run nowhere")
	}
}
