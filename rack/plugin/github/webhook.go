package github

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// webhook is github:index/repositoryWebhook:RepositoryWebhook.
func webhook() kind {
	return kind{
		inputs: map[resource.PropertyKey]input{
			"repository":    {required: true, replaces: true},
			"events":        {required: true},
			"active":        {byDefault: true},
			"configuration": {},
			"etag":          {},
		},
		computed: []resource.PropertyKey{"url"},
		create: func(ctx context.Context, api *client, in map[string]any) (string, error) {
			var made struct{ ID int64 }
			err := api.inRepository(ctx, http.MethodPost, fmt.Sprint(in["repository"]), "hooks", hookRequest(in), &made)
			return fmt.Sprint(made.ID), err
		},
		read: readWebhook,
		update: func(ctx context.Context, api *client, id string, in map[string]any) error {
			return api.inRepository(ctx, http.MethodPatch, fmt.Sprint(in["repository"]), "hooks/"+id, hookRequest(in), nil)
		},
		delete: func(ctx context.Context, api *client, id string, state map[string]any) error {
			return api.inRepository(ctx, http.MethodDelete, fmt.Sprint(state["repository"]), "hooks/"+id, nil, nil)
		},
	}
}

func hookRequest(in map[string]any) map[string]any {
	request := map[string]any{"name": "web", "events": in["events"], "active": in["active"]}
	if given, ok := in["configuration"].(map[string]any); ok {
		insecure := "0"
		if given["insecureSsl"] == true {
			insecure = "1"
		}
		request["config"] = map[string]any{
			"url": given["url"], "content_type": given["contentType"], "secret": given["secret"], "insecure_ssl": insecure,
		}
	}
	return request
}

// readWebhook keeps the secret that the state has: GitHub never tells it.
func readWebhook(ctx context.Context, api *client, id string, state map[string]any) (map[string]any, error) {
	var shown struct {
		URL    string
		Active bool
		Events []any
		Config struct {
			URL         string
			ContentType string `json:"content_type"`
			InsecureSSL string `json:"insecure_ssl"`
		}
	}
	if err := api.inRepository(ctx, http.MethodGet, fmt.Sprint(state["repository"]), "hooks/"+id, nil, &shown); err != nil {
		return nil, err
	}
	out := map[string]any{"url": shown.URL, "active": shown.Active, "events": shown.Events}
	given, ok := state["configuration"].(map[string]any)
	if !ok {
		return out, nil
	}
	configuration := map[string]any{}
	for key, value := range map[string]any{
		"url": shown.Config.URL, "contentType": shown.Config.ContentType,
		"insecureSsl": shown.Config.InsecureSSL == "1", "secret": given["secret"],
	} {
		if _, wanted := given[key]; wanted {
			configuration[key] = value
		}
	}
	out["configuration"] = configuration
	return out, nil
}
