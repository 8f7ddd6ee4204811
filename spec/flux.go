package spec

// Flux is the Git repository, or the artifact made of one, that owns the cluster's content after bootstrap
// (https://fluxcd.io).
type Flux struct {
	// Repository is its clone URL: https://host/owner/name.git, or ssh://git@host/owner/name.git for a deploy
	// key. At oci://host/owner/name lies an artifact that `flux push artifact` made of it, for a cluster that reaches no
	// Git server; the tree's Kustomizations in flux-system then all follow the artifact.
	Repository string `json:"repository" form:"sourceOfTheTree" required:"true" example:"https://github.com/home-ops/home-ops.git"`
	// Branch is what the cluster follows. Default: main.
	Branch string `json:"branch,omitempty"`
	// Tag is which of the artifacts at oci:// the cluster follows. Default: latest.
	Tag string `json:"tag,omitempty" form:"tag" example:"production"`
	// Path is the directory of this cluster in the repository. Default: kubernetes/clusters/STACK.
	Path string `json:"path,omitempty" example:"kubernetes/clusters/home"`
	// Interval is how often Flux looks by itself, a webhook or not: announcements get lost. Default: 3m.
	Interval Duration `json:"interval,omitempty"`
	// Username goes with TokenRef, where a server looks at it, as registries do. Default: git.
	Username string `json:"username,omitempty"`
	// TokenRef says where the access token of a private repository at https:// or oci:// is kept. Leave it out for a
	// public one.
	TokenRef SecretRef `json:"tokenRef,omitempty" example:"op://home/github/token"`
	// PrivateKeyRef says where the private key for ssh is kept. Default: one is generated, and registered
	// when GitHub.DeployKey is on.
	PrivateKeyRef SecretRef `json:"privateKeyRef,omitempty" example:"op://home/flux/private-key"`
	// KnownHosts are the lines of ssh-keyscan for the Git server. Those of github.com, gitlab.com and
	// codeberg.org are known already.
	KnownHosts string `json:"knownHosts,omitempty"`
	// Webhook lets the Git server announce a push, so that Flux need not poll.
	Webhook *Webhook `json:"webhook,omitempty"`
	// GitHub manages the repository's settings at GitHub.
	GitHub *GitHub `json:"github,omitempty"`
}

func (f *Flux) defaults() { f.Branch, f.Username = "main", "git" }

// Webhook lets the Git server announce a push
// (https://fluxcd.io/flux/components/notification/receivers/).
type Webhook struct {
	// Host is the public host name of the receiver. Default: flux-webhook.DOMAIN.
	Host string `json:"host,omitempty" form:"domain" example:"flux-webhook.example.com"`
	// Provider is the form of the announcement. Default: github, which Gitea and Forgejo speak too.
	Provider WebhookProvider `json:"provider,omitempty"`
	// SecretRef says where the shared secret is kept. Default: one is generated.
	SecretRef SecretRef `json:"secretRef,omitempty" example:"op://home/flux/webhook-secret"`
}

func (w *Webhook) defaults() { w.Provider = WebhookGitHub }

// WebhookProvider is the form of a push announcement.
type WebhookProvider string

// The forms that need particular treatment.
const (
	WebhookGitHub WebhookProvider = "github"
)

// Values lists the forms.
func (WebhookProvider) Values() []string { return []string{"github", "gitlab", "generic-hmac"} }

// GitHub manages the repository's settings at GitHub. Its API token comes from TokenRef.
type GitHub struct {
	// TokenRef says where an API token that may administer the repository is kept. Default: item github,
	// field token, of the 1Password vault if this program can read it; else config:githubToken.
	TokenRef SecretRef `json:"tokenRef,omitempty" example:"op://home/github/admin-token"`
	// StatusTokenRef says where a token is kept with which Flux tells GitHub, commit by commit, whether the cluster
	// took it: one that may write commit statuses and nothing else, because it lies in the cluster. Default: none,
	// and Flux tells nothing.
	StatusTokenRef SecretRef `json:"statusTokenRef,omitempty" example:"op://home/github/status-token"`
	// DeployKey registers Flux's ssh key, for reading only. Default: true with an ssh repository.
	DeployKey bool `json:"deployKey,omitempty"`
	// RegisterWebhook registers the webhook. Default: true when there is one.
	RegisterWebhook bool `json:"registerWebhook,omitempty"`
	// Protection guards the branch: pull requests with passing checks, no force push. Default: false.
	Protection bool `json:"protection,omitempty"`
	// RequiredChecks are the names of the checks that must pass, with Protection.
	RequiredChecks []string `json:"requiredChecks,omitempty" example:"[preview]"`
}
