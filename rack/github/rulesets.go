package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ruleset guards branches (https://docs.github.com/en/rest/repos/rules).
type ruleset struct {
	ID          int64          `json:"id"`
	NodeID      string         `json:"node_id"`
	Name        string         `json:"name"`
	Target      string         `json:"target"`
	Source      string         `json:"source"`
	SourceType  string         `json:"source_type"`
	Enforcement string         `json:"enforcement"`
	Conditions  map[string]any `json:"conditions,omitempty"`
	Rules       []Rule         `json:"rules"`
	Bypass      []any          `json:"bypass_actors,omitempty"`
	CreatedAt   string         `json:"created_at"`
	UpdatedAt   string         `json:"updated_at"`
}

// Rule is one thing that a ruleset asks for.
type Rule struct {
	Type       string         `json:"type"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// Ruleset is a ruleset that a repository has.
type Ruleset struct {
	Name, Enforcement string
	// Branches are the refs that it is about.
	Branches []string
	Rules    []Rule
}

// Rulesets are those of a repository, such as home-ops/home-ops.
func (s *Server) Rulesets(repo string) []Ruleset {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Ruleset
	r := s.repos[strings.ToLower(repo)]
	if r == nil {
		return nil
	}
	for _, set := range r.rulesets {
		shown := Ruleset{Name: set.Name, Enforcement: set.Enforcement, Rules: slices.Clone(set.Rules)}
		refs, _ := set.Conditions["ref_name"].(map[string]any)
		include, _ := refs["include"].([]any)
		for _, ref := range include {
			shown.Branches = append(shown.Branches, fmt.Sprint(ref))
		}
		out = append(out, shown)
	}
	return out
}

// branchRules are the rules that a person's repository may have for its branches.
var branchRules = []string{
	"creation", "update", "deletion", "required_linear_history", "required_deployments", "required_signatures",
	"pull_request", "required_status_checks", "non_fast_forward", "copilot_code_review", "code_scanning",
}

// check tells what GitHub has against a ruleset.
func (set *ruleset) check(r *request) (answer, bool) {
	switch {
	case set.Name == "":
		return refused("RepositoryRuleset", "name", "Name can't be blank"), false
	case !slices.Contains([]string{"disabled", "active"}, set.Enforcement):
		return refused("RepositoryRuleset", "enforcement", "Enforcement is not included in the list"), false
	case set.Target != "branch":
		return failure(http.StatusNotImplemented, "this stand-in for GitHub plays rulesets for branches alone"), false
	}
	for _, rule := range set.Rules {
		if !slices.Contains(branchRules, rule.Type) {
			return refused("RepositoryRuleset", "rules", "Invalid rule '"+rule.Type+"': "), false
		}
		if methods, given := rule.Parameters["allowed_merge_methods"].([]any); given && len(methods) == 0 {
			return refused("RepositoryRuleset", "rules",
				"Invalid parameter allowed_merge_methods: at least one merge method must be enabled"), false
		}
	}
	if refs, _ := set.Conditions["ref_name"].(map[string]any); refs["include"] == nil || refs["exclude"] == nil {
		return refused("RepositoryRuleset", "conditions", "Invalid conditions: ref_name needs include and exclude"), false
	}
	if slices.ContainsFunc(r.repo.rulesets, func(o *ruleset) bool { return o.ID != set.ID && o.Name == set.Name }) {
		return refused("RepositoryRuleset", "name", "Name must be unique"), false
	}
	return answer{}, true
}

// sentRuleset is a ruleset as it is sent. An update leaves alone what it leaves out.
type sentRuleset struct {
	Name        *string        `json:"name"`
	Target      *string        `json:"target"`
	Enforcement *string        `json:"enforcement"`
	Conditions  map[string]any `json:"conditions"`
	Rules       []Rule         `json:"rules"`
	Bypass      []any          `json:"bypass_actors"`
}

func (sent sentRuleset) apply(set *ruleset) {
	for to, from := range map[*string]*string{
		&set.Name: sent.Name, &set.Target: sent.Target, &set.Enforcement: sent.Enforcement,
	} {
		if from != nil {
			*to = *from
		}
	}
	if sent.Conditions != nil {
		set.Conditions = sent.Conditions
	}
	if sent.Rules != nil {
		set.Rules = sent.Rules
	}
	if sent.Bypass != nil {
		set.Bypass = sent.Bypass
	}
	set.UpdatedAt = now()
}

// mayHaveRulesets refuses what GitHub sells.
func (r *request) mayHaveRulesets() (answer, bool) {
	if no, ok := r.need(Administer); !ok {
		return no, false
	}
	if r.repo.Private {
		return failure(http.StatusForbidden,
			"Upgrade to GitHub Pro or make this repository public to enable this feature."), false
	}
	return answer{}, true
}

func listRulesets(r *request) answer {
	if no, ok := r.mayHaveRulesets(); !ok {
		return no
	}
	return list(r.repo.rulesets)
}

func createRuleset(r *request) answer {
	if no, ok := r.mayHaveRulesets(); !ok {
		return no
	}
	var sent sentRuleset
	if no, ok := r.body(&sent); !ok {
		return no
	}
	set := &ruleset{
		Target: "branch", Source: r.repo.Owner + "/" + r.repo.Name, SourceType: "Repository", Rules: []Rule{}, CreatedAt: now(),
	}
	sent.apply(set)
	if no, ok := set.check(r); !ok {
		return no
	}
	set.ID = r.server.nextID()
	set.NodeID = fmt.Sprintf("RRS_%d", set.ID)
	r.repo.rulesets = append(r.repo.rulesets, set)
	return created(set)
}

func updateRuleset(r *request) answer {
	set, no, ok := r.ruleset()
	if !ok {
		return no
	}
	var sent sentRuleset
	if no, ok := r.body(&sent); !ok {
		return no
	}
	changed := *set
	sent.apply(&changed)
	if no, ok := changed.check(r); !ok {
		return no
	}
	*set = changed
	return found(set)
}

func getRuleset(r *request) answer {
	set, no, ok := r.ruleset()
	if !ok {
		return no
	}
	return found(set)
}

func deleteRuleset(r *request) answer {
	set, no, ok := r.ruleset()
	if !ok {
		return no
	}
	r.repo.rulesets = slices.DeleteFunc(r.repo.rulesets, func(o *ruleset) bool { return o == set })
	return gone()
}

func (r *request) ruleset() (*ruleset, answer, bool) {
	if no, ok := r.mayHaveRulesets(); !ok {
		return nil, no, false
	}
	i := slices.IndexFunc(r.repo.rulesets, func(set *ruleset) bool { return set.ID == r.id() })
	if i < 0 {
		return nil, notFound(), false
	}
	return r.repo.rulesets[i], answer{}, true
}
