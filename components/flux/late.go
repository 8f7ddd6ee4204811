package flux

import (
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/derive"
)

// Names of the plan's late values. The secret settings have one each: see [settingValue].
const (
	valueGitToken     = "git-token"
	valuePullConfig   = "oci-pull-config"
	valueGitKey       = "git-ssh-key"
	valueWebhookToken = "webhook-token"
	valueStatusToken  = "status-token"
	valueSopsKey      = "sops-age-key"
	valueSopsPGPKey   = "sops-pgp-key"
)

// The labels by which secrets are derived. Another label is another secret.
const (
	deployKeyLabel = "flux/deploy-key"
	webhookLabel   = "flux/webhook"
)

// settingValue is the name of the late value of a secret setting: longhorn-backup-access-key
// for LONGHORN_BACKUP_ACCESS_KEY.
func settingValue(setting string) string {
	return strings.ToLower(strings.ReplaceAll(setting, "_", "-"))
}

// privateKey is what Flux clones with over ssh; nil with https.
func (a *Args) privateKey() pulumi.StringInput {
	switch {
	case !a.Stack.Flux.SSH():
		return nil
	case a.PrivateKey != nil:
		return a.PrivateKey
	default:
		return derive.SSHKey(a.Seed, deployKeyLabel)
	}
}

// publicKey is the public half of a private key; empty if there is no key.
func publicKey(private pulumi.StringInput) pulumi.StringOutput {
	if private == nil {
		return pulumi.String("").ToStringOutput()
	}
	public := private.ToStringOutput().ApplyT(derive.AuthorizedKey).(pulumi.StringOutput)
	return pulumi.Unsecret(public).(pulumi.StringOutput)
}

// webhookSecret signs the Git server's requests; nil without a webhook.
func (a *Args) webhookSecret() pulumi.StringInput {
	switch {
	case a.Stack.Flux.Webhook == nil:
		return nil
	case a.WebhookSecret != nil:
		return a.WebhookSecret
	default:
		return derive.Secret(a.Seed, webhookLabel)
	}
}

// values are the late values that the stack's plan takes, and no others.
func (a *Args) values(privateKey, webhookSecret pulumi.StringInput) map[string]pulumi.Input {
	f := a.Stack.Flux
	values := map[string]pulumi.Input{valueGitKey: privateKey, valueWebhookToken: webhookSecret}
	switch {
	case f.TokenRef == "" || f.SSH():
	case f.OCI():
		values[valuePullConfig] = pullConfig(f, a.Token)
	default:
		values[valueGitToken] = a.Token
	}
	if reportsStatus(f) {
		values[valueStatusToken] = a.StatusToken
	}
	maps.Copy(values, a.decryptionValues())
	for name := range settings.SecretRefs(a.Stack) {
		values[settingValue(name)] = a.ClusterSecrets[name]
	}
	return values
}
