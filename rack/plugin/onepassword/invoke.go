package onepassword

import (
	"context"
	"fmt"
	"strings"

	"github.com/1Password/connect-sdk-go/connect"
	sdk "github.com/1Password/connect-sdk-go/onepassword"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Invoke calls a function, which asks Connect in a preview too.
func (s *Server) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	call, by := s.getItem, []resource.PropertyKey{"title", "uuid"}
	switch req.GetTok() {
	case "onepassword:index/getItem:getItem":
	case "onepassword:index/getVault:getVault":
		call, by = s.getVault, []resource.PropertyKey{"name", "uuid"}
	default:
		return nil, serve.Unimplemented(name, "function "+req.GetTok())
	}
	args, err := read("onepassword.Invoke.args", req.GetArgs())
	if err != nil {
		return nil, err
	}
	if (textAt(args, by[0]) == "") == (textAt(args, by[1]) == "") {
		return &pulumirpc.InvokeResponse{Failures: []*pulumirpc.CheckFailure{{
			Property: string(by[1]), Reason: fmt.Sprintf("exactly one of %s and %s must be given", by[0], by[1]),
		}}}, nil
	}
	result, err := call(ctx, args)
	if err != nil {
		return nil, err
	}
	returned, err := write("onepassword.Invoke.return", result)
	return &pulumirpc.InvokeResponse{Return: returned}, err
}

func (s *Server) getVault(ctx context.Context, args resource.PropertyMap) (resource.PropertyMap, error) {
	vault, err := ask(ctx, s, func(c connect.Client) (*sdk.Vault, error) {
		id := textAt(args, "uuid")
		if id == "" {
			found, err := c.GetVaultByTitle(textAt(args, "name"))
			if err != nil {
				return nil, err
			}
			id = found.ID
		}
		return c.GetVaultByUUID(id)
	})
	if err != nil {
		return nil, failed("Unable to read vault, got error: %w", err)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"id": "vaults/" + vault.ID, "uuid": vault.ID, "name": vault.Name, "description": vault.Description,
	}), nil
}

func (s *Server) getItem(ctx context.Context, args resource.PropertyMap) (resource.PropertyMap, error) {
	item, err := ask(ctx, s, func(c connect.Client) (*sdk.Item, error) {
		if title := textAt(args, "title"); title != "" {
			return c.GetItemByTitle(title, textAt(args, "vault"))
		}
		return c.GetItem(textAt(args, "uuid"), textAt(args, "vault"))
	})
	if err != nil {
		return nil, failed("Unable to read item, got error: %w", err)
	}
	result := resource.NewPropertyMapFromMap(map[string]any{
		"id": itemID(item), "uuid": item.ID, "vault": item.Vault.ID, "title": item.Title,
		"category": strings.ToLower(string(item.Category)),
	})
	for key, value := range namedFields(item) {
		result[key] = value
	}
	for _, u := range item.URLs {
		if u.Primary {
			result["url"] = resource.NewProperty(u.URL)
		}
	}
	tags := []resource.PropertyValue{}
	for _, tag := range item.Tags {
		tags = append(tags, resource.NewProperty(tag))
	}
	result["tags"] = resource.NewProperty(tags)
	if len(item.Sections) > 0 {
		result["sections"] = sectionsOf(item)
	}
	return result, nil
}

// namedFields are the fields with a result of their own: by their purpose, or by their label where they are in no
// section.
func namedFields(item *sdk.Item) resource.PropertyMap {
	byPurpose := map[sdk.ItemFieldPurpose]resource.PropertyKey{
		sdk.FieldPurposeUsername: "username", sdk.FieldPurposePassword: "password", sdk.FieldPurposeNotes: "noteValue",
	}
	byLabel := map[string]resource.PropertyKey{
		"username": "username", "password": "password", "hostname": "hostname", "server": "hostname", "database": "database",
		"port": "port", "type": "type", "public key": "publicKey", "private key": "privateKey",
	}
	secret := map[resource.PropertyKey]bool{"password": true, "noteValue": true, "privateKey": true, "credential": true}

	named := resource.PropertyMap{}
	for _, f := range item.Fields {
		key, ok := byPurpose[f.Purpose]
		if !ok && f.Section == nil {
			key, ok = byLabel[f.Label]
		}
		if f.ID == "credential" && item.Category == sdk.ApiCredential {
			key, ok = "credential", true
		}
		if !ok {
			continue
		}
		named[key] = resource.NewProperty(f.Value)
		if secret[key] {
			named[key] = resource.MakeSecret(named[key])
		}
	}
	return named
}

// sectionsOf are the item's sections with their fields, whose values are secret.
func sectionsOf(item *sdk.Item) resource.PropertyValue {
	var sections []resource.PropertyValue
	for _, section := range item.Sections {
		fields := []resource.PropertyValue{}
		for _, f := range item.Fields {
			if f.Section == nil || f.Section.ID != section.ID {
				continue
			}
			fields = append(fields, resource.NewProperty(resource.PropertyMap{
				"id": resource.NewProperty(f.ID), "label": resource.NewProperty(f.Label),
				"purpose": resource.NewProperty(string(f.Purpose)), "type": resource.NewProperty(string(f.Type)),
				"value": resource.MakeSecret(resource.NewProperty(f.Value)),
			}))
		}
		sections = append(sections, resource.NewProperty(resource.PropertyMap{
			"id": resource.NewProperty(section.ID), "label": resource.NewProperty(section.Label), "fields": resource.NewProperty(fields),
		}))
	}
	return resource.NewProperty(sections)
}

func itemID(item *sdk.Item) string { return "vaults/" + item.Vault.ID + "/items/" + item.ID }
