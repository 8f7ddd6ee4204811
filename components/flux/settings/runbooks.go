package settings

import (
	"net/url"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// RunbooksURL is where a person reads the runbooks of alerts: the page of an alert is RUNBOOKS_URL/ALERT.md.
const RunbooksURL = "RUNBOOKS_URL"

// runbooksPath is the folder in the repository.
const runbooksPath = "docs/runbooks/alerts"

// runbooks is the folder on the web pages of the Git server that Flux follows. GitHub, GitLab, and Gitea with Forgejo each
// have a form of their own; a server that is none of the first two by its name or by the form of its webhook is taken for
// one of the last. An artifact in a registry has no pages: there it is the path in the repository that the artifact was
// made of.
func runbooks(f spec.Flux) string {
	repository, err := url.Parse(f.Repository)
	if err != nil || repository.Hostname() == "" || repository.Scheme == "oci" {
		return runbooksPath
	}
	host := repository.Hostname()
	form := "/src/branch/"
	switch {
	case host == "github.com":
		form = "/blob/"
	case strings.HasPrefix(host, "gitlab."), f.Webhook != nil && f.Webhook.Provider == "gitlab":
		form = "/-/blob/"
	}
	page := url.URL{Scheme: "https", Host: host, Path: strings.TrimSuffix(strings.TrimSuffix(repository.Path, "/"), ".git") + form + f.Branch + "/" + runbooksPath}
	return page.String()
}
