package stacks

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

// diskPassphrases reads the disk passphrases that the stack refers to from its
// own Pulumi secrets.
func diskPassphrases(ctx *pulumi.Context, stack *spec.Stack) (map[spec.SecretRef]pulumi.StringInput, error) {
	passphrases := map[spec.SecretRef]pulumi.StringInput{}
	var errs []error
	for _, ref := range machineconfig.PassphraseRefs(stack) {
		key, ok := ref.ConfigKey()
		if !ok {
			errs = append(errs, fmt.Errorf("passphraseRef %s: a disk's passphrase must be a Pulumi secret (config:KEY): "+
				"a machine that is set up again needs it before anything that the cluster runs", ref))
			continue
		}
		passphrase, ok := ctx.GetConfig(configKey(key))
		if !ok || !ctx.IsConfigSecret(configKey(key)) {
			errs = append(errs, fmt.Errorf("passphraseRef %s: set it with `pulumi config set --secret %s`",
				ref, configKey(key)))
			continue
		}
		passphrases[ref] = pulumi.ToSecret(pulumi.String(passphrase)).(pulumi.StringOutput)
	}
	return passphrases, errors.Join(errs...)
}
