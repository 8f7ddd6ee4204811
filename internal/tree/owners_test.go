package tree_test

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	cilium "github.com/home-ops/home-ops/components/cilium/objects"
	rook "github.com/home-ops/home-ops/components/rook/objects"
	"github.com/home-ops/home-ops/internal/tree"
	"github.com/home-ops/home-ops/spec"
)

// pulumiNamespaces are those whose content the program makes.
var pulumiNamespaces = []string{
	"kube-system", "flux-system", "cert-manager", "external-secrets", "home-ops", "network", "rook-ceph",
}

func TestTree_LeavesToPulumiWhatIsPulumis(t *testing.T) {
	eachStack(t, func(t *testing.T, stack *spec.Stack, cluster *tree.Cluster) {
		report(t, cluster.CheckNamespaces(pulumiNamespaces))
		report(t, cluster.CheckOwners(pulumiObjects(t, stack)))
	})
}

// pulumiObjects are what the program makes outside those namespaces.
func pulumiObjects(t *testing.T, stack *spec.Stack) []tree.ID {
	t.Helper()
	var bodies []any
	var plan *bgp.Plan
	if stack.Cilium.BGP != nil {
		var err error
		if plan, err = bgp.New(stack); err != nil {
			t.Fatal(err)
		}
	}
	for _, object := range cilium.For(stack, plan).All() {
		bodies = append(bodies, object.Body)
	}
	if stack.Storage.RookCeph != nil {
		set, err := rook.For(stack)
		if err != nil {
			t.Fatal(err)
		}
		for _, offer := range set.Offers {
			// Its snapshot class is the tree's, as the kinds of snapshots are.
			bodies = append(bodies, offer.Class.Body)
		}
	}
	var ids []tree.ID
	for _, body := range bodies {
		ids = append(ids, idOf(t, body))
	}
	for _, namespace := range pulumiNamespaces {
		ids = append(ids, tree.IDOf("v1", "Namespace", "", namespace))
	}
	return ids
}

func idOf(t *testing.T, body any) tree.ID {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var head metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &head); err != nil {
		t.Fatal(err)
	}
	return tree.IDOf(head.APIVersion, head.Kind, head.Namespace, head.Name)
}
