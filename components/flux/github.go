package flux

import (
	"github.com/pulumi/pulumi-github/sdk/v6/go/github"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/spec"
)

// gitHub is the repository at GitHub. Its methods do nothing for what the stack does
// not manage there.
type gitHub struct {
	*component.Component
	cluster    string
	flux       spec.Flux
	settings   spec.GitHub
	repository string
	provider   *component.Service
}

// managesGitHub reports whether there is anything to do at GitHub.
func managesGitHub(f spec.Flux) bool {
	return f.GitHub != nil && (f.GitHub.DeployKey || f.GitHub.RegisterWebhook || f.GitHub.Protection)
}

func newGitHub(c *component.Component, args *Args) (*gitHub, error) {
	f := args.Stack.Flux
	if !managesGitHub(f) {
		return &gitHub{}, nil
	}
	owner, repository := f.OwnerAndName()
	provider, err := github.NewProvider(c.Context, c.Name("github"), &github.ProviderArgs{
		Owner: pulumi.String(owner),
		Token: args.GitHub.Token(args.GitHubToken).ToStringPtrOutput(),
	}, c.Options()...)
	if err != nil {
		return nil, err
	}
	hooks, err := args.GitHub.Hooks(c.Context, c.Name("github"))
	return &gitHub{
		Component: c, cluster: args.Stack.Cluster.Name, flux: f, settings: *f.GitHub, repository: repository,
		provider: &component.Service{ProviderResource: provider, Things: hooks},
	}, err
}

// deployKey lets the holder of the private half read the repository, and no more.
func (g *gitHub) deployKey(public pulumi.StringInput) ([]pulumi.Resource, error) {
	if !g.settings.DeployKey {
		return nil, nil
	}
	key, err := github.NewRepositoryDeployKey(g.Context, g.Name("deploy-key"), &github.RepositoryDeployKeyArgs{
		Repository: pulumi.String(g.repository),
		Title:      pulumi.String("flux " + g.cluster),
		Key:        public,
		ReadOnly:   pulumi.Bool(true),
	}, g.AtService(g.provider, component.ReplacedFirst())...)
	return []pulumi.Resource{key}, err
}

// webhook has GitHub send each push to the URL, once the listeners are there.
func (g *gitHub) webhook(url, secret pulumi.StringInput, listeners []pulumi.Resource) error {
	if !g.settings.RegisterWebhook {
		return nil
	}
	_, err := github.NewRepositoryWebhook(g.Context, g.Name("webhook"), &github.RepositoryWebhookArgs{
		Repository: pulumi.String(g.repository),
		Events:     pulumi.ToStringArray([]string{"push"}),
		Active:     pulumi.Bool(true),
		Configuration: &github.RepositoryWebhookConfigurationArgs{
			Url:         url,
			ContentType: pulumi.String("json"),
			Secret:      secret.ToStringOutput().ToStringPtrOutput(),
			InsecureSsl: pulumi.Bool(false),
		},
	}, g.AtService(g.provider, component.ReplacedFirst(), pulumi.DependsOn(listeners))...)
	return err
}

// protection guards the branch that the cluster follows: what lands there has gone
// through a pull request and its checks, and history stays. It is a ruleset, GitHub's
// successor of branch protection, of which a branch may have several; both require a
// public repository or a paid plan
// (https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets).
func (g *gitHub) protection() error {
	if !g.settings.Protection {
		return nil
	}
	rules := &github.RepositoryRulesetRulesArgs{
		Deletion:       pulumi.Bool(true),
		NonFastForward: pulumi.Bool(true),
		PullRequest: &github.RepositoryRulesetRulesPullRequestArgs{
			// A home has one owner, who cannot approve their own change.
			RequiredApprovingReviewCount: pulumi.Int(0),
			// Left out, GitHub's provider would send that no method is allowed.
			AllowedMergeMethods: pulumi.ToStringArray([]string{"merge", "squash", "rebase"}),
		},
	}
	if checks := requiredChecks(g.settings); len(checks) > 0 {
		rules.RequiredStatusChecks = &github.RepositoryRulesetRulesRequiredStatusChecksArgs{RequiredChecks: checks}
	}
	_, err := github.NewRepositoryRuleset(g.Context, g.Name("protection"), &github.RepositoryRulesetArgs{
		Repository:  pulumi.String(g.repository),
		Name:        pulumi.String("home-ops " + g.cluster),
		Target:      pulumi.String("branch"),
		Enforcement: pulumi.String("active"),
		Conditions: &github.RepositoryRulesetConditionsArgs{RefName: github.RepositoryRulesetConditionsRefNameArgs{
			Includes: pulumi.ToStringArray([]string{"refs/heads/" + g.flux.Branch}),
			Excludes: pulumi.StringArray{},
		}},
		Rules: rules,
	}, g.AtService(g.provider, component.ReplacedFirst())...)
	return err
}

func requiredChecks(settings spec.GitHub) github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArray {
	var checks github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArray
	for _, name := range settings.RequiredChecks {
		checks = append(checks, github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArgs{Context: pulumi.String(name)})
	}
	return checks
}
