package talos_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
)

const talosProviderType = "pulumi:providers:talos"

// withExtension is the stack of which one node has an extension more.
func withExtension(stack *spec.Stack, node int, extension string) *spec.Stack {
	n := &stack.Nodes[node]
	n.Extensions = append(slices.Clone(n.Extensions), extension)
	return stack
}

func TestSchematics_AreRegisteredOncePerContent(t *testing.T) {
	stack := withExtension(home(t), 1, "siderolabs/zfs")
	want := map[string]bool{}
	for _, node := range stack.Nodes {
		want[string(node.Schematic().YAML())] = true
	}
	registered := newRun(stack).up(t).OfType(schematicType)
	if len(want) < 2 || len(registered) != len(want) {
		t.Fatalf("%d registered for %d different ones of %d nodes", len(registered), len(want), len(stack.Nodes))
	}
	for _, res := range registered {
		if content, _ := res.Value("schematic"); !want[content.StringValue()] {
			t.Errorf("%s is of no node:\n%s", res.Name, content.StringValue())
		}
		if res.Request.GetProvider() != "" {
			t.Errorf("%s has a provider of its own", res.Name)
		}
	}
}

func TestSchematics_AreWaitedForByTheNodesThatHaveThem(t *testing.T) {
	stack := withExtension(home(t), 1, "siderolabs/zfs")
	r := newRun(stack).up(t)
	for _, apply := range r.OfType(applyType) {
		node, _ := stack.Node(strings.TrimPrefix(apply.Name, "talos-apply-"))
		for _, res := range r.OfType(schematicType) {
			content, _ := res.Value("schematic")
			own := content.StringValue() == string(node.Schematic().YAML())
			if got := dependsOn(apply, res.Name); got != own {
				t.Errorf("%s waits for %s: %v, want %v", apply.Name, res.Name, got, own)
			}
		}
	}
}

func TestSchematics_OfANodeLikeTheOthersIsThereAlready(t *testing.T) {
	names := func(stack *spec.Stack) (names []string) {
		for _, res := range newRun(stack).up(t).OfType(schematicType) {
			names = append(names, res.Name)
		}
		return names
	}
	before := names(home(t))
	stack := home(t)
	added := stack.Nodes[len(stack.Nodes)-1]
	added.Name, added.Address = "new", added.Address.Next()
	stack.Nodes = append(stack.Nodes, added)
	if after := names(stack); !slices.Equal(before, after) {
		t.Errorf("%q became %q", before, after)
	}
}

func TestSchematics_WithAnotherIDThanTheImagesStopTheirNodes(t *testing.T) {
	stack := home(t)
	stack.Nodes = stack.Nodes[:1]
	r := newRun(stack)
	r.Outputs = func(res recorder.Resource) (string, resource.PropertyMap, error) {
		if res.Type == schematicType {
			return "0123456789ab", nil, nil
		}
		return answer(res)
	}
	err := r.Run(r.program, "home")
	want := "factory.talos.dev has the node's schematic as 0123456789ab, but its installer image is named for " +
		stack.Nodes[0].Schematic().ID() + ", which could not be pulled"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := r.OfType(applyType); len(got) > 0 {
		t.Errorf("configured all the same: %v", got)
	}
}

func TestSchematics_GoToTheStacksOwnFactory(t *testing.T) {
	stack := home(t)
	stack.Cluster.ImageFactory = "factory.home.example:8443"
	r := newRun(stack).up(t)
	providers := r.OfType(talosProviderType)
	if len(providers) != 1 {
		t.Fatalf("%d providers", len(providers))
	}
	if url, _ := providers[0].Value("imageFactoryUrl"); url.StringValue() != "https://factory.home.example:8443" {
		t.Errorf("the factory is at %v", url)
	}
	public := newRun(home(t)).up(t).OfType(schematicType)
	for i, res := range r.OfType(schematicType) {
		if !strings.Contains(res.Request.GetProvider(), "talos-image-factory") {
			t.Errorf("%s has provider %q", res.Name, res.Request.GetProvider())
		}
		if res.Name == public[i].Name {
			t.Errorf("%s would be taken for known to the new factory", res.Name)
		}
	}
	for _, apply := range r.OfType(applyType) {
		if apply.Request.GetProvider() != "" {
			t.Errorf("%s has provider %q", apply.Name, apply.Request.GetProvider())
		}
	}
}

func TestSchematics_ThatAreNewLeaveThePreviewGoing(t *testing.T) {
	r := newRun(home(t))
	if err := r.Preview(r.program, "home"); err != nil {
		t.Fatal(err)
	}
	if got, want := len(r.OfType(applyType)), len(home(t).Nodes); got != want || len(r.OfType(schematicType)) == 0 {
		t.Errorf("%d applies for %d nodes, %d schematics", got, want, len(r.OfType(schematicType)))
	}
}
