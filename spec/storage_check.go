package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// storageNode checks that a node exists and takes the workloads that serve its storage.
func (c *checker) storageNode(path *field.Path, name, what string) {
	if !c.nodeRef(path, name) {
		return
	}
	n, _ := c.node(name)
	if !c.s.Schedulable(*n) {
		c.errorf(path, "%s is a control plane that takes no workloads, so nothing could serve %s there: use a worker, or cluster.allowSchedulingOnControlPlanes", name, what)
	}
	for _, t := range n.Taints {
		if t.Effect == "NoExecute" || t.Effect == "NoSchedule" {
			c.warnf(path, "%s has the taint %s (%s): what serves %s must tolerate it", name, t.Key, t.Effect, what)
			return
		}
	}
}

func (c *checker) storageDisk(path *field.Path, node string, d DiskSelector, use diskUse) {
	if d.IsZero() {
		if !c.anyBad(path) {
			c.errorf(path, "selects nothing: give serial, wwid or path")
		}
		return
	}
	c.disk(path, c.nodeIndex(node), d, use)
}

// storageClass checks the default class.
func (c *checker) storageClass() {
	st := c.s.Storage
	if st.DefaultClass == "" || slices.Contains(st.Classes(), st.DefaultClass) {
		return
	}
	if len(st.Classes()) == 0 {
		c.errorf(field.NewPath("storage", "defaultClass"), "%q: the stack has no storage", st.DefaultClass)
		return
	}
	c.errorf(field.NewPath("storage", "defaultClass"), "%q is not one of the stack's classes: %s", st.DefaultClass, quoted(st.Classes()))
}
