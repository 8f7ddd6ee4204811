package cilium

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestL2Policy_ChoosesNodesSoThatNewOnesAreChosenToo(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   string
	}{
		"the workers by their role": {func(*spec.Stack) {}, "!node-role.kubernetes.io/control-plane"},
		"every node when control planes run workloads": {func(s *spec.Stack) {
			s.Cluster.AllowSchedulingOnControlPlanes = true
		}, "<none>"},
		"some nodes by name": {func(s *spec.Stack) {
			s.Cilium.L2.Nodes = []string{"worker-3", "worker-1"}
		}, "kubernetes.io/hostname in (worker-1,worker-3)"},
	} {
		t.Run(name, func(t *testing.T) {
			stack := spectest.Home(t)
			test.change(stack)
			if got := selector(l2Policy(stack).Spec.NodeSelector); got != test.want {
				t.Errorf("chooses %s, want %s", got, test.want)
			}
		})
	}
}

func selector(s *metav1.LabelSelector) string {
	if s == nil {
		return "<none>"
	}
	return metav1.FormatLabelSelector(s)
}

func TestFor_AnnouncesOverLayer2OrBGP(t *testing.T) {
	for _, stack := range stacks(t) {
		l2, b := l2Policy(stack) != nil, bgpObjects(stack, sessions(t, stack)) != nil
		if l2 == b {
			t.Errorf("%s: layer 2 %t, BGP %t", stack.Name, l2, b)
		}
	}
}

func TestBGP_GivesNodesWithOtherPeersAConfigOfTheirOwn(t *testing.T) {
	stack := dual(t)
	stack.Cilium.BGP.Peers[1].Nodes = []string{"n-2"}
	got := map[string]string{}
	for _, c := range bgpObjects(stack, sessions(t, stack)).Clusters {
		got[c.Name] = selector(c.Spec.NodeSelector)
	}
	if got["bgp-gateway"] != "kubernetes.io/hostname in (n-1,n-3)" ||
		got["bgp-gateway-gateway-v6"] != "kubernetes.io/hostname in (n-2)" || len(got) != 2 {
		t.Errorf("configs %v", got)
	}
}
