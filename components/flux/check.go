package flux

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux/settings"
)

// check reports everything that is missing before anything is registered.
func (a *Args) check() error {
	if a == nil || a.Stack == nil {
		return errors.New("flux: Stack is missing")
	}
	var errs []error
	if a.Provider == nil {
		errs = append(errs, errors.New("flux: Provider is missing: objects would go wherever the user's kubeconfig points"))
	}
	if managesGitHub(a.Stack.Flux) && a.GitHub == nil {
		errs = append(errs, errors.New("flux: GitHub is missing: the stack has something to manage under flux.github"))
	}
	for _, secret := range a.secrets() {
		if secret.needed && secret.value == nil {
			errs = append(errs, fmt.Errorf("flux: %s is missing: the stack has %s", secret.name, secret.reason))
		}
	}
	refs := settings.SecretRefs(a.Stack)
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if a.ClusterSecrets[name] == nil {
			errs = append(errs, fmt.Errorf("flux: ClusterSecrets has no %s: the stack keeps it at %s", name, refs[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.ClusterSecrets)) {
		if _, known := refs[name]; !known {
			errs = append(errs, fmt.Errorf("flux: ClusterSecrets.%s is no secret setting of the stack", name))
		}
	}
	return errors.Join(errs...)
}

// secret is a secret of the Args, and what in the stack file needs it.
type secret struct {
	name, reason string
	needed       bool
	value        pulumi.StringInput
}

func (a *Args) secrets() []secret {
	f := a.Stack.Flux
	deriveKey := f.SSH() && a.PrivateKey == nil
	deriveSecret := f.Webhook != nil && a.WebhookSecret == nil
	all := []secret{
		{"Seed", "a secret to derive", deriveKey || deriveSecret, a.Seed},
		{"Token", "flux.tokenRef", f.TokenRef != "", a.Token},
		{"PrivateKey", "flux.privateKeyRef", f.PrivateKeyRef != "", a.PrivateKey},
		{"WebhookSecret", "flux.webhook.secretRef", f.Webhook != nil && f.Webhook.SecretRef != "", a.WebhookSecret},
		{"GitHubToken", "something to manage under flux.github", managesGitHub(f), a.GitHubToken},
		{"StatusToken", "flux.github.statusTokenRef", reportsStatus(f), a.StatusToken},
	}
	if sops := a.Stack.Secrets.SOPS; sops != nil {
		all = append(all,
			secret{"SopsKey", "secrets.sops.ageRecipients", len(sops.AgeRecipients) > 0, a.SopsKey},
			secret{"SopsPGPKey", "secrets.sops.pgp", sops.PGP != nil, a.SopsPGPKey})
		for _, kms := range sops.KMS {
			all = append(all, secret{"SopsKMS[" + string(kms.Provider) + "]", "secrets.sops.kms", true, a.SopsKMS[kms.Provider]})
		}
	}
	return all
}
