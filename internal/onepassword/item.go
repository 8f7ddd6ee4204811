package onepassword

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ItemArgs describe an item to be kept in a vault.
type ItemArgs struct {
	// Vault is the vault's id. Another one makes a new item.
	Vault string
	// Category is what 1Password shows it as, such as secure_note. Another one makes
	// a new item.
	Category string
	Title    string
	Tags     []string
	Sections []ItemSection
}

// ItemSection is a section of an item.
type ItemSection struct {
	Label  string
	Fields []ItemSectionField
}

// ItemSectionField is a field of a section.
type ItemSectionField struct {
	Label string
	// Type is 1Password's own, such as CONCEALED.
	Type string
	// Value is a secret whatever it was before.
	Value pulumi.StringInput
}

// Item is an item of a vault under Pulumi's management.
type Item struct {
	pulumi.CustomResourceState

	// Uuid is the item's id.
	Uuid pulumi.StringOutput `pulumi:"uuid"` //nolint:revive // the SDK's own name
}

// NewItem registers an item. opts must name the provider.
func NewItem(ctx *pulumi.Context, name string, args *ItemArgs, opts ...pulumi.ResourceOption) (*Item, error) {
	if args == nil || args.Vault == "" {
		return nil, errors.New("onepassword: an item without a vault")
	}
	props := pulumi.Map{
		"vault": pulumi.String(args.Vault), "category": pulumi.String(args.Category),
		"title": pulumi.String(args.Title), "sections": sections(args.Sections),
	}
	if len(args.Tags) > 0 {
		props["tags"] = pulumi.ToStringArray(args.Tags)
	}
	opts = append([]pulumi.ResourceOption{
		pulumi.Version(Version), pulumi.PluginDownloadURL(PluginDownloadURL),
	}, opts...)
	var item Item
	if err := ctx.RegisterResource("onepassword:index/item:Item", name, props, &item, opts...); err != nil {
		return nil, err
	}
	return &item, nil
}

func sections(all []ItemSection) pulumi.Array {
	var out pulumi.Array
	for _, section := range all {
		var fields pulumi.Array
		for _, field := range section.Fields {
			fields = append(fields, pulumi.Map{
				"label": pulumi.String(field.Label), "type": pulumi.String(field.Type), "value": pulumi.ToSecret(field.Value),
			})
		}
		out = append(out, pulumi.Map{"label": pulumi.String(section.Label), "fields": fields})
	}
	return out
}
