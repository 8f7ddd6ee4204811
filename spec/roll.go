package spec

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Roll is how a change to machines takes turns: one machine is away at a time, whatever is written here.
type Roll struct {
	// Order names nodes that have their turn before the others of their kind, in this order: a control plane that is
	// named waits no longer for the others because it leads etcd. Whether workers or control planes begin, the change
	// decides (docs/adr/0012-pulumi-rolls-the-machines.md). Default: the order of nodes, the leader of etcd last.
	Order []string `json:"order,omitempty" form:"label" example:"[worker-2]"`
	// DrainTimeout is how long pods may take to leave a machine before the roll stops, and says which of them stay.
	// Pods that have long to shut down, such as databases, need more. Default: 10m.
	DrainTimeout Duration `json:"drainTimeout,omitempty" example:"30m"`
}

func (r *Roll) defaults() { r.DrainTimeout = Duration(10 * time.Minute) }

// roll checks what an owner wants of rolls.
func (c *checker) roll() {
	r, at := c.s.Cluster.Roll, field.NewPath("cluster", "roll")
	if d := r.DrainTimeout.Of(); d < time.Minute || d > 4*time.Hour {
		c.errorf(at.Child("drainTimeout"), "%s is outside 1m–4h", r.DrainTimeout)
	}
	for i, name := range r.Order {
		switch {
		case slices.Index(r.Order, name) < i:
			c.errorf(at.Child("order").Index(i), "%s is named already", name)
		case !slices.ContainsFunc(c.s.Nodes, func(n Node) bool { return n.Name == name }):
			c.errorf(at.Child("order").Index(i), "there is no node %s", name)
		}
	}
}
