package flux

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// The keys of the Secret under which Flux finds what it decrypts with: it knows age and
// OpenPGP by the suffix, and a cloud by the whole name
// (https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption).
const (
	sopsKey    = "age.agekey"
	sopsPGPKey = "pgp.asc"
)

var sopsKMSKeys = map[spec.KMSProvider]string{"aws": "sops.aws-kms", "gcp": "sops.gcp-kms", "azure": "sops.azure-kv"}

// kmsValue is the name of the late value that is the credential for a cloud.
func kmsValue(provider spec.KMSProvider) string { return "sops-kms-" + string(provider) }

// decryption is the places of the keys that Flux decrypts with.
func decryption(sops *spec.SOPS) []plan.From {
	var late []plan.From
	if len(sops.AgeRecipients) > 0 {
		late = append(late, key(sopsKey, valueSopsKey))
	}
	if sops.PGP != nil {
		late = append(late, key(sopsPGPKey, valueSopsPGPKey))
	}
	for _, kms := range sops.KMS {
		late = append(late, key(sopsKMSKeys[kms.Provider], kmsValue(kms.Provider)))
	}
	return late
}

// decryptionValues are the late values of those places.
func (a *Args) decryptionValues() map[string]pulumi.Input {
	values := map[string]pulumi.Input{}
	sops := a.Stack.Secrets.SOPS
	if sops == nil {
		return values
	}
	if len(sops.AgeRecipients) > 0 {
		values[valueSopsKey] = a.SopsKey
	}
	if sops.PGP != nil {
		values[valueSopsPGPKey] = a.SopsPGPKey
	}
	for _, kms := range sops.KMS {
		values[kmsValue(kms.Provider)] = a.SopsKMS[kms.Provider]
	}
	return values
}
