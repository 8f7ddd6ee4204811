package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/rack/plugin/rest"
)

// record is cloudflare:index/record:Record, with its content as text.
func record() rest.Resource[*api.Client] {
	return rest.Resource[*api.Client]{
		Inputs: map[resource.PropertyKey]rest.Input{
			"zoneId":  {Required: true, Replaces: true},
			"name":    {Required: true, Replaces: true},
			"type":    {Required: true, Replaces: true, OneOf: []string{"A", "AAAA", "CNAME", "TXT", "MX", "NS", "PTR"}},
			"content": {Required: true}, "proxied": {}, "ttl": {}, "comment": {}, "tags": {}, "priority": {},
			"allowOverwrite": {Default: false},
		},
		Computed:    []resource.PropertyKey{"hostname", "createdOn", "modifiedOn", "metadata", "proxiable", "value"},
		DeleteFirst: true,
		Gone:        api.NotFound,
		Complete: func(in resource.PropertyMap) error {
			if in["allowOverwrite"].IsBool() && in["allowOverwrite"].BoolValue() {
				return fmt.Errorf("allowOverwrite of a record")
			}
			return nil
		},
		Create: func(ctx context.Context, client *api.Client, in map[string]any) (string, map[string]any, error) {
			if err := checkTTL(in); err != nil {
				return "", nil, err
			}
			var made struct{ ID string }
			err := client.Do(ctx, http.MethodPost, records(in), recordRequest(in), &made)
			return made.ID, nil, recordError(err)
		},
		Read: readRecord,
		Update: func(ctx context.Context, client *api.Client, id string, in, _ map[string]any) error {
			if err := checkTTL(in); err != nil {
				return err
			}
			request := recordRequest(in)
			if _, ok := request["tags"]; !ok {
				request["tags"] = []any{}
			}
			return recordError(client.Do(ctx, http.MethodPatch, records(in)+"/"+id, request, nil))
		},
		Delete: func(ctx context.Context, client *api.Client, id string, state map[string]any) error {
			if err := client.Do(ctx, http.MethodDelete, records(state)+"/"+id, nil, nil); err != nil {
				return fmt.Errorf("error deleting Cloudflare Record: %w", err)
			}
			return nil
		},
	}
}

func records(state map[string]any) string { return "/zones/" + text(state["zoneId"]) + "/dns_records" }

func recordRequest(in map[string]any) map[string]any {
	request := map[string]any{}
	for key, value := range in {
		if !slices.Contains([]string{"zoneId", "allowOverwrite"}, key) {
			request[key] = value
		}
	}
	return request
}

func checkTTL(in map[string]any) error {
	if ttl, ok := in["ttl"].(float64); ok && ttl != 1 && in["proxied"] == true {
		return fmt.Errorf("error validating record %s: ttl must be set to 1 when `proxied` is true", in["name"])
	}
	return nil
}

// recordError puts it as the genuine plugin does, which waits for half a minute before it
// believes that a record exists.
func recordError(err error) error {
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "already exist"):
		return fmt.Errorf("expected DNS record to not already be present but already exists")
	default:
		return fmt.Errorf("failed to create DNS record: %w", err)
	}
}

func readRecord(ctx context.Context, client *api.Client, id string, state map[string]any) (map[string]any, error) {
	var shown struct {
		Name, Type, Content, Comment string
		Proxied, Proxiable           bool
		TTL                          int
		Priority                     *int
		Tags                         []string
		CreatedOn                    string `json:"created_on"`
		ModifiedOn                   string `json:"modified_on"`
	}
	if err := client.Do(ctx, http.MethodGet, records(state)+"/"+id, nil, &shown); err != nil {
		return nil, err
	}
	out := map[string]any{
		"hostname": shown.Name, "type": shown.Type, "content": shown.Content, "ttl": float64(shown.TTL),
		"proxied": shown.Proxied, "proxiable": shown.Proxiable, "comment": shown.Comment,
		"createdOn": shown.CreatedOn, "modifiedOn": shown.ModifiedOn, "metadata": map[string]any{}, "value": "",
	}
	if strings.TrimSuffix(text(state["content"]), ".") == shown.Content {
		out["content"] = state["content"]
	}
	if len(shown.Tags) > 0 {
		out["tags"] = anys(shown.Tags)
	}
	if shown.Priority != nil {
		out["priority"] = float64(*shown.Priority)
	}
	return out, nil
}
