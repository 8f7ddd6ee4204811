package outside

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// gitHubAPI is where GitHub's provider asks, too (https://docs.github.com/en/rest).
const gitHubAPI = "https://api.github.com"

// gitHubPage is the largest page of GitHub's lists.
const gitHubPage = 100

// GitHub is the repositories of an owner.
type GitHub struct {
	service
	api   *api
	owner string
}

// NewGitHub is GitHub by way of a transport. It tells what it removes.
func NewGitHub(owner string, transport http.RoundTripper, tell func(string)) *GitHub {
	g := &GitHub{api: newAPI("GitHub", gitHubAPI, transport), owner: owner}
	g.service = service{open: g.api.open, tell: tell, before: map[tokens.Type]leftover{
		"github:index/repositoryWebhook:RepositoryWebhook":     g.webhook,
		"github:index/repositoryDeployKey:RepositoryDeployKey": g.deployKey,
		"github:index/repositoryRuleset:RepositoryRuleset":     g.ruleset,
	}, deleted: map[tokens.Type]deletion{
		"github:index/repositoryWebhook:RepositoryWebhook":     {g.gone("hooks"), byRefresh},
		"github:index/repositoryDeployKey:RepositoryDeployKey": {g.gone("keys"), byRefresh},
		"github:index/repositoryRuleset:RepositoryRuleset":     {g.gone("rulesets"), byRefresh},
	}}
	return g
}

// gone is whether a repository has no longer the one of its things. Its provider writes a deploy key's id as REPOSITORY:ID.
func (g *GitHub) gone(things string) func(context.Context, inputs, string) (bool, error) {
	return func(ctx context.Context, in inputs, id string) (bool, error) {
		id = id[strings.LastIndex(id, ":")+1:]
		return g.api.gone(ctx, fmt.Sprintf("/repos/%s/%s/%s", g.repository(in), things, url.PathEscape(id)))
	}
}

// repository is the repository that a resource is about, as OWNER/NAME.
func (g *GitHub) repository(in inputs) string { return g.owner + "/" + in.text("repository") }

// remove deletes a thing of a repository, and tells it.
func (g *GitHub) remove(ctx context.Context, in inputs, kind, things string, id int64) error {
	if err := g.api.remove(ctx, fmt.Sprintf("/repos/%s/%s/%d", g.repository(in), things, id)); err != nil {
		return err
	}
	g.tell(fmt.Sprintf("%s %d of %s was left, unknown to the state, by a run that has died; it is removed and made again", kind, id, g.repository(in)))
	return nil
}

// webhook removes the webhooks that send to the very same address. The address is secret.
func (g *GitHub) webhook(ctx context.Context, in inputs, _ string) error {
	type hook struct {
		ID     int64
		Config struct{ URL string }
	}
	found, err := list[hook](ctx, g.api, "/repos/"+g.repository(in)+"/hooks?", gitHubPage)
	if err != nil {
		return err
	}
	for _, h := range found {
		if h.Config.URL != in.text("configuration", "url") {
			continue
		}
		if err := g.remove(ctx, in, "webhook", "hooks", h.ID); err != nil {
			return err
		}
	}
	return nil
}

// deployKey removes the key if it has the title. A repository has a key once.
func (g *GitHub) deployKey(ctx context.Context, in inputs, _ string) error {
	type key struct {
		ID         int64
		Title, Key string
	}
	found, err := list[key](ctx, g.api, "/repos/"+g.repository(in)+"/keys?", gitHubPage)
	if err != nil {
		return err
	}
	for _, k := range found {
		switch {
		case withoutComment(k.Key) != withoutComment(in.text("key")):
			continue
		case k.Title != in.text("title"):
			return fmt.Errorf("the key is at %s already, under the title %q, and this program calls it %q. "+
				"To have it registered anew: gh repo deploy-key delete %d --repo %s", g.repository(in), k.Title, in.text("title"), k.ID, g.repository(in))
		}
		if err := g.remove(ctx, in, "deploy key", "keys", k.ID); err != nil {
			return err
		}
	}
	return nil
}

// withoutComment is a public key as GitHub keeps it: its kind and the key.
func withoutComment(key string) string {
	fields := strings.Fields(key)
	return strings.Join(fields[:min(len(fields), 2)], " ")
}

// ruleset removes the repository's own ruleset of the name. Those of its organization are others'.
func (g *GitHub) ruleset(ctx context.Context, in inputs, _ string) error {
	type ruleset struct {
		ID     int64
		Name   string
		Source string
	}
	query := url.Values{"includes_parents": {"false"}}
	found, err := list[ruleset](ctx, g.api, "/repos/"+g.repository(in)+"/rulesets?"+query.Encode(), gitHubPage)
	if err != nil {
		return err
	}
	for _, r := range found {
		if r.Name != in.text("name") || !strings.EqualFold(r.Source, g.repository(in)) {
			continue
		}
		if err := g.remove(ctx, in, "ruleset", "rulesets", r.ID); err != nil {
			return err
		}
	}
	return nil
}
