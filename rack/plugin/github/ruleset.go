package github

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// ruleset is github:index/repositoryRuleset:RepositoryRuleset, for branches.
func ruleset() kind {
	return kind{
		inputs: map[resource.PropertyKey]input{
			"repository":   {required: true},
			"name":         {required: true},
			"target":       {required: true},
			"enforcement":  {required: true},
			"conditions":   {},
			"rules":        {required: true},
			"bypassActors": {},
		},
		computed: []resource.PropertyKey{"nodeId", "rulesetId", "etag"},
		validate: validateRuleset,
		create: func(ctx context.Context, api *client, in map[string]any) (string, error) {
			repository := fmt.Sprint(in["repository"])
			if err := notArchived(ctx, api, repository); err != nil {
				return "", err
			}
			var made struct{ ID int64 }
			err := api.inRepository(ctx, http.MethodPost, repository, "rulesets", rulesetRequest(in), &made)
			return fmt.Sprint(made.ID), err
		},
		read: readRuleset,
		update: func(ctx context.Context, api *client, id string, in map[string]any) error {
			return api.inRepository(ctx, http.MethodPut, fmt.Sprint(in["repository"]), "rulesets/"+id, rulesetRequest(in), nil)
		},
		delete: func(ctx context.Context, api *client, id string, state map[string]any) error {
			return api.inRepository(ctx, http.MethodDelete, fmt.Sprint(state["repository"]), "rulesets/"+id, nil, nil)
		},
	}
}

// validateRuleset refuses what this stand-in would leave out of its requests.
func validateRuleset(inputs resource.PropertyMap) error {
	if !inputs["bypassActors"].IsNull() {
		return serve.Unimplemented("github", "bypassActors of a ruleset")
	}
	if target := inputs["target"]; target.IsString() && target.StringValue() != "branch" {
		return serve.Unimplemented("github", "rulesets for "+target.StringValue())
	}
	rules := inputs["rules"]
	if !rules.IsObject() {
		return nil
	}
	for _, key := range rules.ObjectValue().StableKeys() {
		if !slices.ContainsFunc(ruleForms, func(f ruleForm) bool { return f.input == string(key) }) {
			return serve.Unimplemented("github", "rules."+string(key)+" of a ruleset")
		}
	}
	return nil
}

func notArchived(ctx context.Context, api *client, repository string) error {
	var shown struct{ Archived bool }
	if err := api.inRepository(ctx, http.MethodGet, repository, "", nil, &shown); err != nil {
		return err
	}
	if shown.Archived {
		return fmt.Errorf("cannot create ruleset on archived repository %s", api.fullName(repository))
	}
	return nil
}

func rulesetRequest(in map[string]any) map[string]any {
	request := map[string]any{"name": in["name"], "target": in["target"], "enforcement": in["enforcement"]}
	if conditions, ok := in["conditions"].(map[string]any); ok {
		refs, _ := conditions["refName"].(map[string]any)
		request["conditions"] = map[string]any{"ref_name": map[string]any{
			"include": orEmpty(refs["includes"]), "exclude": orEmpty(refs["excludes"]),
		}}
	}
	rules, _ := in["rules"].(map[string]any)
	request["rules"] = sentRules(rules)
	return request
}

func readRuleset(ctx context.Context, api *client, id string, state map[string]any) (map[string]any, error) {
	var shown struct {
		ID                        int64
		NodeID                    string `json:"node_id"`
		Name, Target, Enforcement string
		Conditions                *struct {
			RefName struct{ Include, Exclude []any } `json:"ref_name"`
		}
		Rules []rule
	}
	if err := api.inRepository(ctx, http.MethodGet, fmt.Sprint(state["repository"]), "rulesets/"+id, nil, &shown); err != nil {
		return nil, err
	}
	given, _ := state["rules"].(map[string]any)
	out := map[string]any{
		"rulesetId": float64(shown.ID), "nodeId": shown.NodeID, "etag": "",
		"name": shown.Name, "target": shown.Target, "enforcement": shown.Enforcement,
		"rules": shownRules(shown.Rules, given),
	}
	if c := shown.Conditions; c != nil {
		out["conditions"] = map[string]any{"refName": map[string]any{
			"includes": orEmpty(c.RefName.Include), "excludes": orEmpty(c.RefName.Exclude),
		}}
	}
	return out, nil
}

// orEmpty is a list, and never null.
func orEmpty(value any) []any {
	items, _ := value.([]any)
	if items == nil {
		return []any{}
	}
	return items
}
