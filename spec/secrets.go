package spec

// Secrets is where the cluster's secrets come from: 1Password, SOPS, or both; and where what opens the cluster is kept.
type Secrets struct {
	// OnePassword runs 1Password Connect and External Secrets.
	OnePassword *OnePassword `json:"onePassword,omitempty"`
	// SOPS lets Flux decrypt secrets in the repository with an age key, a PGP key or a cloud's key service.
	SOPS *SOPS `json:"sops,omitempty"`
	// BreakGlass keeps sealed copies of what opens the cluster, and of the state, at a place outside of it:
	// `homeops breakglass save` and `homeops state save` make them, and `make up` after each update. Default: none.
	BreakGlass *BreakGlass `json:"breakGlass,omitempty"`
}

// OnePassword runs 1Password Connect and External Secrets
// (https://developer.1password.com/docs/connect/).
type OnePassword struct {
	// Vault is the vault that External Secrets reads.
	Vault string `json:"vault" required:"true" example:"home"`
	// ConnectHost is the http address of a Connect server outside the cluster. Default: one runs in the cluster.
	ConnectHost string `json:"connectHost,omitempty" form:"web" example:"http://10.0.0.5:8080"`
	// CredentialsRef says where Connect's 1password-credentials.json is kept. Default:
	// config:onepasswordCredentials. It cannot lie in 1Password itself.
	CredentialsRef SecretRef `json:"credentialsRef,omitempty" example:"config:onepasswordCredentials"`
	// TokenRef says where the access token for Connect is kept: External Secrets reads with it, and with a
	// ConnectHost this program too. Default: config:onepasswordToken.
	TokenRef SecretRef `json:"tokenRef,omitempty" example:"config:onepasswordToken"`
	// ServiceAccountTokenRef says where the token of a service account is kept, with which this program reads the
	// vaults when there is no ConnectHost: a Connect server in the cluster does not run before the cluster does.
	// The op command must be on PATH.
	ServiceAccountTokenRef SecretRef `json:"serviceAccountTokenRef,omitempty" example:"config:onepasswordServiceAccountToken"`
	// BreakGlassVault is a vault in which this program keeps an item with what opens the cluster when all else is
	// lost: talosconfig, kubeconfig and machine secrets. Its token must be allowed to write there. Default: none.
	BreakGlassVault string `json:"breakGlassVault,omitempty" example:"home-break-glass"`
}

// Readable reports whether this program itself can read the vaults: op:// references need that.
func (o *OnePassword) Readable() bool {
	return o != nil && (o.ConnectHost != "" || o.ServiceAccountTokenRef != "")
}

// SOPS lets Flux decrypt secrets in the repository (https://fluxcd.io/flux/guides/mozilla-sops/). Any of its keys
// decrypts a file; age is the one that needs nobody else.
type SOPS struct {
	// AgeRecipients are the public keys that secrets are encrypted for: that of KeyRef, and beside it those of people,
	// which may be of hardware keys (age1yubikey1...). Give these, PGP or KMS.
	AgeRecipients []string `json:"ageRecipients,omitempty" example:"[age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq]"`
	// KeyRef says where the private age key is kept. Default: item sops, field age-key, of the 1Password vault
	// if this program can read it; else config:sopsAgeKey.
	KeyRef SecretRef `json:"keyRef,omitempty" example:"config:sopsAgeKey"`
	// PGP encrypts for keys of OpenPGP.
	PGP *SOPSPGP `json:"pgp,omitempty"`
	// KMS encrypts for keys that a cloud keeps. Without it, nothing is decrypted.
	KMS []SOPSKMS `json:"kms,omitempty"`
	// SecretName is the Kubernetes secret in flux-system that Flux reads the keys from. Default: sops-age.
	SecretName string `json:"secretName,omitempty"`
}

func (s *SOPS) defaults() { s.SecretName = "sops-age" }

// SOPSPGP encrypts for keys of OpenPGP.
type SOPSPGP struct {
	// Fingerprints are those of the keys that secrets are encrypted for: that of KeyRef, and beside it those of people.
	Fingerprints []string `json:"fingerprints" form:"fingerprint" required:"true" min:"1" example:"[FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4]"`
	// KeyRef says where Flux's private key is kept, as gpg --export-secret-keys --armor writes it, without a passphrase.
	// Default: item sops, field pgp-key, of the 1Password vault if this program can read it; else config:sopsPGPKey.
	KeyRef SecretRef `json:"keyRef,omitempty" example:"config:sopsPGPKey"`
}

// SOPSKMS encrypts for keys of one cloud.
type SOPSKMS struct {
	// Provider is the cloud: aws, gcp or azure.
	Provider KMSProvider `json:"provider" required:"true" example:"aws"`
	// Keys are the keys that secrets are encrypted for: the ARN of an AWS key, the resource id of a Google one, the URL
	// of a version of a key in an Azure vault.
	Keys []string `json:"keys" required:"true" min:"1" example:"[\"arn:aws:kms:eu-central-1:123456789012:key/0d1f2a3b\"]"`
	// CredentialsRef says where is kept with what Flux asks: for aws the lines aws_access_key_id and
	// aws_secret_access_key, for azure tenantId, clientId and clientSecret, both in YAML, and for gcp the JSON of a
	// service account (https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption).
	CredentialsRef SecretRef `json:"credentialsRef" required:"true" example:"config:sopsAWSCredentials"`
}

// KMSProvider is a cloud that keeps keys.
type KMSProvider string

// Values lists the clouds.
func (KMSProvider) Values() []string { return []string{"aws", "gcp", "azure"} }

// KMSKeys are the keys at one cloud.
func (s *SOPS) KMSKeys(provider KMSProvider) []string {
	for _, k := range s.KMS {
		if k.Provider == provider {
			return k.Keys
		}
	}
	return nil
}
