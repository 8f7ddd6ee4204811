package flux

import (
	"github.com/pulumi/pulumi-github/sdk/v6/go/github"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/spec"
)

// gitHub is the repository at GitHub. Its methods do nothing for what the stack does
// not want there.
type gitHub struct {
	*builder
	settings   spec.GitHub
	repository string
	provider   *github.Provider
}

// managesGitHub reports whether there is anything to do at GitHub.
func managesGitHub(f spec.Flux) bool {
	return f.GitHub != nil && (f.GitHub.DeployKey || f.GitHub.RegisterWebhook || f.GitHub.Protection)
}

func (b *builder) gitHub() (*gitHub, error) {
	flux := b.args.Stack.Flux
	if !managesGitHub(flux) {
		return &gitHub{builder: b}, nil
	}
	owner, repository := flux.OwnerAndName()
	provider, err := github.NewProvider(b.ctx, b.name+"-github", &github.ProviderArgs{
		Owner: pulumi.String(owner),
		Token: b.args.GitHubToken.ToStringOutput().ToStringPtrOutput(),
	}, pulumi.Parent(b.parent))
	return &gitHub{builder: b, settings: *flux.GitHub, repository: repository, provider: provider}, err
}

func (g *gitHub) options(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(g.parent), pulumi.Provider(g.provider), pulumi.DependsOn(after)}
}

// deployKey lets the holder of the private half read the repository, and that alone.
func (g *gitHub) deployKey(public pulumi.StringInput) ([]pulumi.Resource, error) {
	if !g.settings.DeployKey {
		return nil, nil
	}
	key, err := github.NewRepositoryDeployKey(g.ctx, g.name+"-deploy-key", &github.RepositoryDeployKeyArgs{
		Repository: pulumi.String(g.repository),
		Title:      pulumi.String("flux " + g.args.Stack.Cluster.Name),
		Key:        public,
		ReadOnly:   pulumi.Bool(true),
	}, g.options()...)
	return []pulumi.Resource{key}, err
}

// webhook announces each push, once there is somebody to hear it.
func (g *gitHub) webhook(url, secret pulumi.StringInput, listeners ...pulumi.Resource) error {
	if !g.settings.RegisterWebhook {
		return nil
	}
	_, err := github.NewRepositoryWebhook(g.ctx, g.name+"-webhook", &github.RepositoryWebhookArgs{
		Repository: pulumi.String(g.repository),
		Events:     pulumi.ToStringArray([]string{"push"}),
		Active:     pulumi.Bool(true),
		Configuration: &github.RepositoryWebhookConfigurationArgs{
			Url:         url,
			ContentType: pulumi.String("json"),
			Secret:      secret.ToStringOutput().ToStringPtrOutput(),
			InsecureSsl: pulumi.Bool(false),
		},
	}, g.options(listeners...)...)
	return err
}
