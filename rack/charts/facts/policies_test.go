package facts_test

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/internal/gitops"
)

// policy is a network policy of Cilium as far as it matters here.
type policy struct {
	Spec struct {
		EndpointSelector *metav1.LabelSelector `json:"endpointSelector"`
	} `json:"spec"`
}

func TestPolicies_AreAboutPodsThatTheChartsMake(t *testing.T) {
	eachLandscape(t, func(t *testing.T, l landscape) {
		for _, o := range l.objects {
			if o.GetKind() == "CiliumNetworkPolicy" {
				l.checkPolicy(t, o)
			}
		}
	})
}

func (l landscape) checkPolicy(t *testing.T, o gitops.Object) {
	t.Helper()
	var p policy
	convert(t, o, &p)
	if p.Spec.EndpointSelector == nil || byOperators[o.GetNamespace()] != "" {
		return
	}
	wanted := map[string]string{}
	for key, value := range p.Spec.EndpointSelector.MatchLabels {
		wanted[strings.TrimPrefix(key, "k8s:")] = value
	}
	if len(wanted) == 0 {
		return
	}
	selector := labels.SelectorFromSet(wanted)
	if !slices.ContainsFunc(l.pods, func(p pods) bool {
		return p.namespace == o.GetNamespace() && selector.Matches(labels.Set(p.labels))
	}) {
		t.Errorf("%s: no pods in %s have the labels %v", o.Where(), o.GetNamespace(), wanted)
	}
}
