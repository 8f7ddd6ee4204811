package gitops_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
	"github.com/home-ops/home-ops/stacks"
)

func owned(t *testing.T, stack *spec.Stack) *gitops.Owned {
	t.Helper()
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	owned, err := gitops.NewOwned(parts)
	if err != nil {
		t.Fatal(err)
	}
	return owned
}

func TestTree_LeavesToPulumiWhatIsPulumis(t *testing.T) {
	eachStack(t, func(t *testing.T, stack *spec.Stack, cluster *gitops.Cluster) {
		report(t, cluster.CheckNamespaces(owned(t, stack)))
		report(t, cluster.CheckOwners(owned(t, stack)))
	})
}

// inTree is a cluster of which the tree has these objects, as kustomize makes them:
// with the namespace of their Kustomization also where their kind is in none.
func inTree(namespace string, identities ...plan.ID) *gitops.Cluster {
	kustomization := &gitops.Kustomization{}
	kustomization.Namespace, kustomization.Name = "flux-system", namespace
	cluster := &gitops.Cluster{}
	for _, id := range identities {
		object := &unstructured.Unstructured{}
		object.SetAPIVersion(id.Group + "/v1")
		object.SetKind(id.Kind)
		object.SetName(id.Name)
		object.SetNamespace(namespace)
		cluster.Objects = append(cluster.Objects, gitops.Object{Unstructured: object, File: "app.yaml", By: kustomization})
	}
	return cluster
}

// Whatever any component makes, the check knows it: it is read out of the plans.
func TestCheckOwners_NamesEverythingThatPulumiMakes(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		parts, err := stacks.Plan(stack)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			ids, err := part.Steps.IDs()
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				namespace := id.Namespace
				if namespace == "" {
					namespace = "echo"
				}
				problems := inTree(namespace, id).CheckOwners(owned(t, stack))
				if len(problems) != 1 || !strings.Contains(problems[0].Error(), "Pulumi's component "+part.Name()+" makes it") {
					t.Errorf("%s: %s of %s in the tree: %v", stack.Name, id, part.Name(), problems)
				}
			}
		}
	}
}

func TestCheckOwners_KnowsTheKindsThatAreInNoNamespace(t *testing.T) {
	problems := inTree("echo",
		plan.ID{Group: "external-secrets.io", Kind: "ClusterSecretStore", Name: "onepassword"},
		plan.ID{Group: "cert-manager.io", Kind: "ClusterIssuer", Name: "letsencrypt"},
		plan.ID{Group: "cilium.io", Kind: "CiliumLoadBalancerIPPool", Name: "default"},
	).CheckOwners(owned(t, spectest.Home(t)))
	if len(problems) != 3 {
		t.Errorf("reported: %v", problems)
	}
}

func TestCheckOwners_LeavesTheKindsOfTheGatewayAPIToPulumi(t *testing.T) {
	cluster := inTree("echo", plan.ID{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "gateways.gateway.networking.k8s.io"})
	cluster.Objects[0].Object["spec"] = map[string]any{"group": "gateway.networking.k8s.io", "names": map[string]any{"kind": "Gateway"}}
	problems := cluster.CheckOwners(owned(t, spectest.Home(t)))
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "Pulumi installs the kinds of gateway.networking.k8s.io") {
		t.Errorf("reported: %v", problems)
	}
}

// Two Kustomizations in two namespaces apply one object where its kind is in none.
func TestCheckOwners_ReportsAClusterWideObjectThatTwoKustomizationsApply(t *testing.T) {
	cluster := inTree("echo", plan.ID{Group: "storage.k8s.io", Kind: "StorageClass", Name: "fast"})
	cluster.Objects = append(cluster.Objects, inTree("media", plan.ID{Group: "storage.k8s.io", Kind: "StorageClass", Name: "fast"}).Objects...)
	problems := cluster.CheckOwners(owned(t, spectest.Home(t)))
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "so does flux-system/echo") {
		t.Errorf("reported: %v", problems)
	}
}

// A definition in the tree says the scope of its own kind.
func TestCheckOwners_TakesScopesFromTheTreesOwnDefinitions(t *testing.T) {
	definition := inTree("echo", plan.ID{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: "rigs.example.test"})
	definition.Objects[0].Object["spec"] = map[string]any{
		"group": "example.test", "scope": "Cluster", "names": map[string]any{"kind": "Rig"},
	}
	rig := plan.ID{Group: "example.test", Kind: "Rig", Name: "one"}
	definition.Objects = append(definition.Objects, inTree("echo", rig).Objects...)
	definition.Objects = append(definition.Objects, inTree("media", rig).Objects...)
	if problems := definition.CheckOwners(owned(t, spectest.Home(t))); len(problems) != 1 {
		t.Errorf("reported: %v", problems)
	}
}
