package roll_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestForetell_SaysTheOrderTheMinutesAndWhatIsAway(t *testing.T) {
	home, lab := spectest.Home(t), spectest.Lab(t)
	for _, c := range []struct {
		name   string
		stack  *spec.Stack
		change func(to *spec.Stack)
		want   string
	}{
		{"nothing", home, func(*spec.Stack) {}, ""},
		{
			"another Talos", home, func(to *spec.Stack) { to.Cluster.TalosVersion = "v1.12.0" },
			"one machine at a time: cp-1, cp-2, worker-1, worker-2, worker-3, but the leader of etcd last of the control planes; " +
				"roughly 30 minutes; the Kubernetes API is away while cp-1 boots, and while cp-2 boots, roughly 2 minutes each time",
		},
		{
			"another Talos, in the owner's order", home, func(to *spec.Stack) {
				to.Cluster.TalosVersion, to.Cluster.Roll.Order = "v1.12.0", []string{"worker-3", "cp-2"}
			},
			"one machine at a time: cp-2, cp-1, worker-3, worker-1, worker-2; " +
				"roughly 30 minutes; the Kubernetes API is away while cp-2 boots, and while cp-1 boots, roughly 2 minutes each time",
		},
		{
			"another Kubernetes", lab, func(to *spec.Stack) { to.Cluster.KubernetesVersion = "v1.99.0" },
			"one machine at a time: lab-1, lab-2, lab-3, but the leader of etcd last of the control planes; roughly 3 minutes",
		},
		{
			"another Kubernetes, where one of three goes first", lab, func(to *spec.Stack) {
				to.Cluster.KubernetesVersion, to.Cluster.Roll.Order = "v1.99.0", []string{"lab-2"}
			},
			"one machine at a time: lab-2, lab-1, lab-3, but the leader of etcd last of the control planes that cluster.roll.order does not name; roughly 3 minutes",
		},
		{
			"an extension of one", lab, func(to *spec.Stack) { to.Nodes[1].Extensions = append(to.Nodes[1].Extensions, "siderolabs/zfs") },
			"one machine at a time: lab-2; roughly 6 minutes",
		},
		{
			"an authority that issues goes to control planes first", home, func(to *spec.Stack) {
				to.Cluster.KubernetesCA = spec.Authority{Issuing: 2, Accepted: 1}
			},
			"one machine at a time: cp-1, cp-2, worker-1, worker-2, worker-3, but the leader of etcd last of the control planes; roughly 5 minutes",
		},
		{
			"one that is accepted, or dropped, to workers first", home, func(to *spec.Stack) {
				to.Cluster.KubernetesCA.Accepted = 2
			},
			"one machine at a time: worker-1, worker-2, worker-3, cp-1, cp-2, but the leader of etcd last of the control planes; roughly 5 minutes",
		},
		{
			"extensions of all go to workers first", home, func(to *spec.Stack) {
				for i := range to.Nodes {
					to.Nodes[i].Extensions = append(to.Nodes[i].Extensions, "siderolabs/realtek-firmware")
				}
			},
			"one machine at a time: worker-1, worker-2, worker-3, cp-1, cp-2, but the leader of etcd last of the control planes; " +
				"roughly 30 minutes; the Kubernetes API is away while cp-1 boots, and while cp-2 boots, roughly 2 minutes each time",
		},
		{
			"one that is installed anew", home, func(to *spec.Stack) { to.Nodes[0].Reinstall, to.Nodes[3].Reinstall = "again", "again" },
			"one machine at a time: worker-2, cp-1; roughly 24 minutes; installed anew: worker-2, cp-1, drained and away for roughly 12 minutes each time",
		},
		{"one that joins", lab, func(to *spec.Stack) { to.Nodes[2].Name = "lab-4" }, ""},
	} {
		to := *c.stack
		to.Nodes = nil
		for _, n := range c.stack.Nodes {
			n.Extensions = append([]string(nil), n.Extensions...)
			to.Nodes = append(to.Nodes, n)
		}
		c.change(&to)
		got := ""
		if forecast := roll.ForetellImages(c.stack, &to); forecast != nil {
			got = forecast.String()
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}
