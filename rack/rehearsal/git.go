package rehearsal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/github"
	"github.com/home-ops/home-ops/rack/gitserver"
	"github.com/home-ops/home-ops/rack/releases"
)

// playGit serves the working tree as the repository that the cluster follows.
func (w *world) playGit(ctx context.Context) error {
	downloads, err := releases.GatewayAPI(w.config.CRDs, w.stack.Versions.GatewayAPI)
	if err != nil {
		return err
	}
	const downloadsHost = "github.com"
	w.services[downloadsHost] = downloads
	repository, err := url.Parse(w.stack.Flux.Repository)
	if err != nil || repository.Scheme != "https" {
		return fmt.Errorf("flux.repository: the rehearsal serves https alone, not %s", w.stack.Flux.Repository)
	}
	w.git, err = gitserver.New(ctx, gitserver.Options{
		Tree: w.config.Project, Path: repository.Path, Branch: w.stack.Flux.Branch,
		Token: w.secrets.of(w.stack.Flux.TokenRef), Dir: filepath.Join(w.config.Dir, "git"),
	})
	if err != nil {
		return err
	}
	w.services[repository.Hostname()] = http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if repository.Hostname() == downloadsHost && strings.Contains(req.URL.Path, "/releases/download/") {
			downloads.ServeHTTP(rw, req)
			return
		}
		w.git.ServeHTTP(rw, req)
	})
	return nil
}

// playGitHub is the API for the repository's settings, and who announces a push.
func (w *world) playGitHub(context.Context) error {
	settings := w.stack.Flux.GitHub
	if settings == nil {
		return nil
	}
	owner, name := w.stack.Flux.OwnerAndName()
	tokens := map[string]github.Access{w.secrets.of(settings.TokenRef): github.Administer}
	if settings.StatusTokenRef != "" {
		tokens[w.secrets.of(settings.StatusTokenRef)] = github.WriteStatuses
	}
	w.github = github.New(github.Options{
		Tokens: tokens, Client: w.client(),
		Repositories: []github.Repository{{Owner: owner, Name: name, DefaultBranch: w.stack.Flux.Branch, Private: w.stack.Flux.TokenRef != ""}},
	})
	w.services[github.Host] = w.github
	return nil
}
