package talos

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	provider "github.com/pulumiverse/pulumi-talos/sdk/go/talos"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/imagefactory"

	"github.com/home-ops/home-ops/spec"
)

// providersFactory is the image factory that the provider asks unless told
// otherwise (https://www.pulumi.com/registry/packages/talos/api-docs/provider/).
const providersFactory = "factory.talos.dev"

// schematics hold, by the id that was computed for a schematic, the id that the
// factory gave it. What waits for one waits until the factory has the image.
type schematics map[string]pulumi.StringOutput

// schematics makes every schematic of the stack known to the image factory, which
// has no installer image of one that it was never sent. Nodes of one schematic
// share it. The factory never forgets, so a schematic that no node has any more
// only leaves the state. The host is in the name because another factory has to
// be told anew.
func (b *builder) schematics() (schematics, error) {
	host := b.args.Stack.Cluster.ImageFactory
	opts := []pulumi.ResourceOption{pulumi.Parent(b.parent)}
	if host != providersFactory {
		factory, err := provider.NewProvider(b.ctx, b.name+"-image-factory", &provider.ProviderArgs{
			ImageFactoryUrl: pulumi.StringPtr("https://" + host),
		}, pulumi.Parent(b.parent))
		if err != nil {
			return nil, err
		}
		opts = append(opts, pulumi.Provider(factory))
	}
	registered := schematics{}
	for _, node := range b.args.Stack.Nodes {
		if node.Installer != "" {
			// Its image is there already; whoever waits for one that is waits for nothing.
			registered[node.SchematicID()] = pulumi.String("").ToStringOutput()
			continue
		}
		content := node.Schematic()
		id := content.ID()
		if _, ok := registered[id]; ok {
			continue
		}
		name := fmt.Sprintf("%s-schematic-%s-%s", b.name, host, id[:12])
		schematic, err := imagefactory.NewSchematic(b.ctx, name, &imagefactory.SchematicArgs{
			Schematic: pulumi.StringPtr(string(content.YAML())),
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("node %s: schematic: %w", node.Name, err)
		}
		registered[id] = schematic.ID().ApplyT(func(given pulumi.ID) (string, error) {
			return string(given), checkSchematic(host, node, string(given))
		}).(pulumi.StringOutput)
	}
	return registered, nil
}

// checkSchematic compares the ids because the installer image in the node's config
// is named by the computed one.
func checkSchematic(host string, node spec.Node, given string) error {
	computed := node.Schematic().ID()
	if given == computed {
		return nil
	}
	return fmt.Errorf("node %s: %s has the node's schematic as %s, but its installer image is named for %s, "+
		"which could not be pulled, so the node was left alone: use a newer version of this program, "+
		"one that knows the factory's form of a schematic", node.Name, host, given, computed)
}
