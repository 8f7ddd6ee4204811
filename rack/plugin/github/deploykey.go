package github

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// deployKey is github:index/repositoryDeployKey:RepositoryDeployKey. Any change of it is a new one.
func deployKey() kind {
	return kind{
		inputs: map[resource.PropertyKey]input{
			"repository": {required: true, replaces: true},
			"title":      {required: true, replaces: true},
			"key":        {required: true, replaces: true},
			"readOnly":   {replaces: true, byDefault: true},
		},
		create: func(ctx context.Context, api *client, in map[string]any) (string, error) {
			repository := fmt.Sprint(in["repository"])
			var made struct{ ID int64 }
			err := api.inRepository(ctx, http.MethodPost, repository, "keys",
				map[string]any{"title": in["title"], "key": in["key"], "read_only": in["readOnly"]}, &made)
			return fmt.Sprintf("%s:%d", repository, made.ID), err
		},
		read: func(ctx context.Context, api *client, id string, state map[string]any) (map[string]any, error) {
			repository, number, _ := strings.Cut(id, ":")
			var shown struct {
				Title, Key string
				ReadOnly   bool `json:"read_only"`
			}
			err := api.inRepository(ctx, http.MethodGet, repository, "keys/"+number, nil, &shown)
			out := map[string]any{"title": shown.Title, "readOnly": shown.ReadOnly}
			if shown.Key != withoutComment(fmt.Sprint(state["key"])) {
				out["key"] = shown.Key
			}
			return out, err
		},
		delete: func(ctx context.Context, api *client, id string, _ map[string]any) error {
			repository, number, _ := strings.Cut(id, ":")
			return api.inRepository(ctx, http.MethodDelete, repository, "keys/"+number, nil, nil)
		},
	}
}

var commented = regexp.MustCompile(`^([a-z0-9-]+ \S+) \S+$`)

// withoutComment is a public key as GitHub keeps it.
func withoutComment(key string) string {
	return commented.ReplaceAllString(strings.TrimSpace(key), "$1")
}
