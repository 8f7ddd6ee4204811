package github

import "maps"

// rule is one rule as the API has it.
type rule struct {
	Type       string         `json:"type"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// ruleForm is one rule in both forms: as a program gives it and as the API has it.
type ruleForm struct {
	input, api string
	// parameters are the names of the rule's parameters in both forms, with what the
	// genuine plugin sends when they are not given. Nil for a rule that is only on or off.
	parameters []parameter
}

type parameter struct {
	input, api string
	byDefault  any
}

var ruleForms = []ruleForm{
	{input: "creation", api: "creation"},
	{input: "deletion", api: "deletion"},
	{input: "nonFastForward", api: "non_fast_forward"},
	{input: "requiredLinearHistory", api: "required_linear_history"},
	{input: "requiredSignatures", api: "required_signatures"},
	{input: "pullRequest", api: "pull_request", parameters: []parameter{
		{"allowedMergeMethods", "allowed_merge_methods", []any{}},
		{"dismissStaleReviewsOnPush", "dismiss_stale_reviews_on_push", false},
		{"requireCodeOwnerReview", "require_code_owner_review", false},
		{"requireLastPushApproval", "require_last_push_approval", false},
		{"requiredApprovingReviewCount", "required_approving_review_count", 0.},
		{"requiredReviewThreadResolution", "required_review_thread_resolution", false},
	}},
	{input: "requiredStatusChecks", api: "required_status_checks", parameters: []parameter{
		{"requiredChecks", "required_status_checks", []any{}},
		{"strictRequiredStatusChecksPolicy", "strict_required_status_checks_policy", false},
		{"doNotEnforceOnCreate", "do_not_enforce_on_create", false},
	}},
}

// sentRules are the rules for the API, out of a program's.
func sentRules(given map[string]any) []rule {
	rules := []rule{}
	for _, form := range ruleForms {
		value, ok := given[form.input]
		if !ok || value == false {
			continue
		}
		r := rule{Type: form.api}
		if form.parameters != nil {
			r.Parameters = map[string]any{}
			parameters, _ := value.(map[string]any)
			for _, p := range form.parameters {
				r.Parameters[p.api] = p.byDefault
				if v, ok := parameters[p.input]; ok {
					r.Parameters[p.api] = renamed(v, "integrationId", "integration_id")
				}
			}
		}
		rules = append(rules, r)
	}
	return rules
}

// shownRules are the rules for a program, out of the API's. A parameter that a program
// left out stays out while it has its default.
func shownRules(rules []rule, given map[string]any) map[string]any {
	shown := map[string]any{}
	for _, form := range ruleForms {
		if given[form.input] == false {
			shown[form.input] = false
		}
		for _, r := range rules {
			if r.Type != form.api {
				continue
			}
			if form.parameters == nil {
				shown[form.input] = true
				continue
			}
			before, _ := given[form.input].(map[string]any)
			parameters := map[string]any{}
			for _, p := range form.parameters {
				_, wanted := before[p.input]
				if value, ok := r.Parameters[p.api]; ok && (wanted || !isDefault(value, p.byDefault)) {
					parameters[p.input] = renamed(value, "integration_id", "integrationId")
				}
			}
			shown[form.input] = parameters
		}
	}
	return shown
}

func isDefault(value, byDefault any) bool {
	if list, ok := value.([]any); ok {
		return len(list) == 0
	}
	return value == byDefault
}

// renamed gives a key of every object in a list another name.
func renamed(value any, from, to string) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	out := make([]any, 0, len(list))
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			out = append(out, item)
			continue
		}
		object = maps.Clone(object)
		if v, has := object[from]; has {
			delete(object, from)
			object[to] = v
		}
		out = append(out, object)
	}
	return out
}
