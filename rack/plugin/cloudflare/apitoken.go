package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/rack/plugin/rest"
)

// apiToken is cloudflare:index/apiToken:ApiToken. Its value is told when it is made, and never again.
func apiToken() rest.Resource[*api.Client] {
	return rest.Resource[*api.Client]{
		Inputs: map[resource.PropertyKey]rest.Input{
			"name": {Required: true}, "policies": {Required: true}, "notBefore": {}, "expiresOn": {},
		},
		Computed: []resource.PropertyKey{"value", "status", "issuedOn", "modifiedOn"},
		Secrets:  []resource.PropertyKey{"value"},
		Gone:     api.NotFound,
		Complete: completePolicies,
		Create: func(ctx context.Context, client *api.Client, in map[string]any) (string, map[string]any, error) {
			var made struct{ ID, Value string }
			if err := client.Do(ctx, http.MethodPost, "/user/tokens", tokenRequest(in), &made); err != nil {
				return "", nil, fmt.Errorf("error creating Cloudflare API Token %q: %w", in["name"], err)
			}
			return made.ID, map[string]any{"value": made.Value}, nil
		},
		Read: readToken,
		Update: func(ctx context.Context, client *api.Client, id string, in, _ map[string]any) error {
			if err := client.Do(ctx, http.MethodPut, "/user/tokens/"+id, tokenRequest(in), nil); err != nil {
				return fmt.Errorf("error updating Cloudflare API Token %q: %w", in["name"], err)
			}
			return nil
		},
		Delete: func(ctx context.Context, client *api.Client, id string, _ map[string]any) error {
			if err := client.Do(ctx, http.MethodDelete, "/user/tokens/"+id, nil, nil); err != nil {
				return fmt.Errorf("error deleting Cloudflare API Token: %w", err)
			}
			return nil
		},
	}
}

// completePolicies fills in that a policy allows.
func completePolicies(in resource.PropertyMap) error {
	if !in["policies"].IsArray() {
		return nil
	}
	for _, p := range in["policies"].ArrayValue() {
		if p.IsObject() && p.ObjectValue()["effect"].IsNull() {
			p.ObjectValue()["effect"] = resource.NewProperty("allow")
		}
	}
	return nil
}

func tokenRequest(in map[string]any) map[string]any {
	request := map[string]any{"name": in["name"]}
	given, _ := in["policies"].([]any)
	policies := []any{}
	for _, p := range given {
		p, _ := p.(map[string]any)
		groups := []any{}
		ids, _ := p["permissionGroups"].([]any)
		for _, id := range ids {
			groups = append(groups, map[string]any{"id": id})
		}
		policies = append(policies, map[string]any{
			"effect": p["effect"], "permission_groups": groups, "resources": wireResources(p["resources"]),
		})
	}
	request["policies"] = policies
	for key, name := range map[string]string{"notBefore": "not_before", "expiresOn": "expires_on"} {
		if s := text(in[key]); s != "" {
			request[name] = s
		}
	}
	return request
}

// wireResources turns what is JSON into what it says.
func wireResources(resources any) map[string]any {
	out := map[string]any{}
	in, _ := resources.(map[string]any)
	for name, value := range in {
		inside := map[string]string{}
		if json.Unmarshal([]byte(text(value)), &inside) == nil {
			out[name] = inside
		} else {
			out[name] = value
		}
	}
	return out
}

func readToken(ctx context.Context, client *api.Client, id string, _ map[string]any) (map[string]any, error) {
	var shown struct {
		Name, Status string
		IssuedOn     string `json:"issued_on"`
		ModifiedOn   string `json:"modified_on"`
		NotBefore    string `json:"not_before"`
		ExpiresOn    string `json:"expires_on"`
		Policies     []struct {
			Effect    string
			Resources map[string]any
			Groups    []struct{ ID string } `json:"permission_groups"`
		}
	}
	if err := client.Do(ctx, http.MethodGet, "/user/tokens/"+id, nil, &shown); err != nil {
		return nil, fmt.Errorf("error finding Cloudflare API Token %q: %w", id, err)
	}
	policies := []any{}
	for _, p := range shown.Policies {
		ids := []any{}
		for _, g := range p.Groups {
			ids = append(ids, g.ID)
		}
		policies = append(policies, map[string]any{"effect": p.Effect, "resources": p.Resources, "permissionGroups": ids})
	}
	out := map[string]any{
		"name": shown.Name, "status": shown.Status, "policies": policies,
		"issuedOn": shown.IssuedOn, "modifiedOn": shown.ModifiedOn,
	}
	for key, value := range map[string]string{"notBefore": shown.NotBefore, "expiresOn": shown.ExpiresOn} {
		if value != "" {
			out[key] = value
		}
	}
	return out, nil
}
