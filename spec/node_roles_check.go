package spec

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// roles checks that there is a control plane that survives and someone to run workloads.
func (c *checker) roles() {
	if len(c.s.Nodes) == 0 || c.anyRoleUnknown() {
		return
	}
	cps, workers := len(c.s.ControlPlanes()), len(c.s.Workers())
	switch {
	case cps == 0:
		c.errorf(field.NewPath("nodes"), "has no control plane: give at least one node role: controlPlane")
	case cps%2 == 0:
		c.warnf(field.NewPath("nodes"), "%d control planes survive the loss of %s, as %d would, and have one more that can fail: etcd needs a majority; make it %s", cps, survivors(cps), cps-1, oddNeighbours(cps))
	case cps == 1 && workers > 0:
		c.warnf(field.NewPath("nodes"), "the only control plane is a single point of failure: while it is down nothing is scheduled or changed; three survive the loss of one")
	case cps > 7:
		c.warnf(field.NewPath("nodes"), "%d control planes: etcd slows down beyond seven (https://etcd.io/docs/latest/faq/)", cps)
	}
	if cps > 0 && workers == 0 && !c.s.Cluster.AllowSchedulingOnControlPlanes {
		c.errorf(field.NewPath("cluster", "allowSchedulingOnControlPlanes"), "is false and there is no worker: nothing could run workloads")
	}
}

func (c *checker) anyRoleUnknown() bool {
	for _, n := range c.s.Nodes {
		if n.Role != RoleControlPlane && n.Role != RoleWorker {
			return true
		}
	}
	return false
}

func survivors(cps int) string {
	if n := (cps - 1) / 2; n > 0 {
		return plural(n, "node", "nodes")
	}
	return "none"
}

func oddNeighbours(cps int) string { return fmt.Sprintf("%d or %d", cps-1, cps+1) }
