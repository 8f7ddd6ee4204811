package flux

import (
	"github.com/pulumi/pulumi-github/sdk/v6/go/github"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// protect guards the branch that the cluster follows: what lands there has gone
// through a pull request and its checks, and history stays. It is a ruleset, GitHub's
// successor of branch protection, which several may guard a branch with; both want a
// public repository or a paid plan
// (https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets).
func (g *gitHub) protect() error {
	if !g.settings.Protection {
		return nil
	}
	rules := &github.RepositoryRulesetRulesArgs{
		Deletion:       pulumi.Bool(true),
		NonFastForward: pulumi.Bool(true),
		PullRequest: &github.RepositoryRulesetRulesPullRequestArgs{
			// A home has one owner, who cannot approve their own change.
			RequiredApprovingReviewCount: pulumi.Int(0),
			// GitHub's provider would send that none is allowed.
			AllowedMergeMethods: pulumi.ToStringArray([]string{"merge", "squash", "rebase"}),
		},
	}
	if checks := g.requiredChecks(); len(checks) > 0 {
		rules.RequiredStatusChecks = &github.RepositoryRulesetRulesRequiredStatusChecksArgs{RequiredChecks: checks}
	}
	_, err := github.NewRepositoryRuleset(g.ctx, g.name+"-protection", &github.RepositoryRulesetArgs{
		Repository:  pulumi.String(g.repository),
		Name:        pulumi.String("home-ops " + g.args.Stack.Cluster.Name),
		Target:      pulumi.String("branch"),
		Enforcement: pulumi.String("active"),
		Conditions: &github.RepositoryRulesetConditionsArgs{RefName: github.RepositoryRulesetConditionsRefNameArgs{
			Includes: pulumi.ToStringArray([]string{"refs/heads/" + g.args.Stack.Flux.Branch}),
			Excludes: pulumi.StringArray{},
		}},
		Rules: rules,
	}, g.options()...)
	return err
}

func (g *gitHub) requiredChecks() github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArray {
	var checks github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArray
	for _, name := range g.settings.RequiredChecks {
		checks = append(checks, github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArgs{Context: pulumi.String(name)})
	}
	return checks
}
