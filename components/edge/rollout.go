package edge

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rolloutAnnotation on a pod changes with the secret that the pod reads when it
// starts, and so starts another.
const rolloutAnnotation = "home-ops.github.io/secret"

// fingerprint tells one secret from the next. The secrets are of machines' making,
// far too long to be guessed from it; it is kept secret all the same.
func fingerprint(secret pulumi.StringInput) pulumi.StringOutput {
	sum := secret.ToStringOutput().ApplyT(func(text string) string {
		hash := sha256.Sum256([]byte(text))
		return hex.EncodeToString(hash[:8])
	})
	return pulumi.ToSecret(sum).(pulumi.StringOutput)
}
