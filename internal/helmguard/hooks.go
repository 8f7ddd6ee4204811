package helmguard

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Hooks are what the engine calls before and after it makes or changes a release. The name
// is the beginning of theirs.
func (g *Guard) Hooks(ctx *pulumi.Context, name string) (*pulumi.ResourceHookBinding, error) {
	create, err := register(ctx, name+"-before-create", g.BeforeCreate)
	if err != nil {
		return nil, err
	}
	update, err := register(ctx, name+"-before-update", g.BeforeUpdate)
	if err != nil {
		return nil, err
	}
	after, err := register(ctx, name+"-after", g.After)
	return &pulumi.ResourceHookBinding{
		BeforeCreate: []*pulumi.ResourceHook{create}, AfterCreate: []*pulumi.ResourceHook{after},
		BeforeUpdate: []*pulumi.ResourceHook{update}, AfterUpdate: []*pulumi.ResourceHook{after},
	}, err
}

func register(
	ctx *pulumi.Context, name string, do func(ctx context.Context, namespace, release string) error,
) (*pulumi.ResourceHook, error) {
	return ctx.RegisterResourceHook(name, func(args *pulumi.ResourceHookArgs) error {
		namespace, err := text(args.NewInputs, "namespace")
		if err != nil {
			return fmt.Errorf("%s: %w", args.Name, err)
		}
		release, err := text(args.NewInputs, "name")
		if err != nil {
			return fmt.Errorf("%s: %w", args.Name, err)
		}
		return do(ctx.Context(), namespace, release)
	}, nil)
}

func text(inputs resource.PropertyMap, key resource.PropertyKey) (string, error) {
	value := inputs[key]
	if !value.IsString() {
		return "", fmt.Errorf("%s is %s, not a string", key, value.TypeString())
	}
	return value.StringValue(), nil
}
