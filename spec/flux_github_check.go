package spec

import (
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// webhook checks that the Git server can announce pushes.
func (c *checker) webhook() {
	f := c.s.Flux
	if f.Webhook == nil || f.OCI() {
		return
	}
	at := field.NewPath("flux", "webhook")
	u, ok := f.repositoryURL()
	if ok && slices.Contains(publicGitHosts, u.Hostname()) {
		if c.s.Edge.Exposure == ExposureNone {
			c.errorf(at, "%s cannot reach the cluster: edge.exposure is none; use tunnel or direct, or leave the webhook out", u.Hostname())
		}
		if want := map[string]WebhookProvider{"github.com": "github", "gitlab.com": "gitlab"}[u.Hostname()]; want != "" && f.Webhook.Provider != want {
			c.errorf(at.Child("provider"), "%s does not announce pushes of %s; write %s", f.Webhook.Provider, u.Hostname(), want)
		}
	}
	if c.s.Edge.Exposure == ExposureNone && len(c.s.Edge.Gateways.Internal) == 0 {
		c.errorf(at, "wants edge.gateways.internal: nothing else leads to the receiver, because edge.exposure is none")
	}
	h, d := f.Webhook.Host, c.s.Cluster.Domain
	if h == "" || d == "" {
		return
	}
	for _, further := range c.s.Domains() {
		if strings.HasSuffix(h, "."+further) {
			d = further
		}
	}
	rest, below := strings.CutSuffix(h, "."+d)
	switch owner := c.hostTaken(h, rest); {
	case owner != "":
		c.errorf(at.Child("host"), "%s is also %s: give the receiver a name of its own", h, owner)
	case !isDomain(h):
		c.errorf(at.Child("host"), "%q is not a host name", h)
	case !below:
		c.errorf(at.Child("host"), "%s is not under cluster.domain (%s), for which the gateways answer", h, c.s.Cluster.Domain)
	case strings.Contains(rest, "."):
		c.errorf(at.Child("host"), "%s has more than one part before %s: the wildcard certificate covers one", h, d)
	}
}

// takenHosts are names that this program or its Flux tree give to others.
var takenHosts = map[string]string{
	"external": "the name of the external gateway", "hubble": "Hubble's page",
	"grafana": "Grafana's page", "prometheus": "Prometheus's page", "alertmanager": "Alertmanager's page", "logs": "the logs' page",
	"echo": "the sample application", "echo-internal": "the sample application",
}

// hostTaken says who has a host name already, or nothing.
func (c *checker) hostTaken(host, label string) string {
	if u, err := url.Parse(c.s.Cluster.Endpoint); err == nil && u.Hostname() == host {
		return "the host of cluster.endpoint"
	}
	if u, ok := c.s.Flux.repositoryURL(); ok && u.Hostname() == host {
		return "the host of flux.repository"
	}
	if i, ok := c.byName[label]; ok {
		return "the name of " + nodePath(i).String()
	}
	return takenHosts[label]
}

// github checks what is managed at GitHub.
func (c *checker) github() {
	f := c.s.Flux
	g := f.GitHub
	if g == nil || f.OCI() {
		return
	}
	at := field.NewPath("flux", "github")
	u, ok := f.repositoryURL()
	if ok && u.Hostname() != "github.com" && u.Hostname() != "ssh.github.com" {
		c.errorf(at, "flux.repository is at %s, not at GitHub", u.Hostname())
		return
	}
	if ok && len(strings.Split(strings.Trim(u.Path, "/"), "/")) != 2 {
		c.errorf(field.NewPath("flux", "repository"), "%q is not owner/name at GitHub", strings.Trim(u.Path, "/"))
	}
	if g.DeployKey && !f.SSH() && ok {
		c.errorf(at.Child("deployKey"), "a deploy key is for ssh, and the repository is cloned over %s", u.Scheme)
	}
	if g.RegisterWebhook && f.Webhook == nil {
		c.errorf(at.Child("registerWebhook"), "is on, but there is no flux.webhook")
	}
	if len(g.RequiredChecks) > 0 && !g.Protection {
		c.errorf(at.Child("requiredChecks"), "has no effect while protection is false")
	}
	seen := map[string]bool{}
	for i, name := range g.RequiredChecks {
		if strings.TrimSpace(name) == "" || seen[name] {
			c.errorf(at.Child("requiredChecks").Index(i), "%q is empty or listed twice", name)
		}
		seen[name] = true
	}
}
