package stacks

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/cilium"
	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

// secrets are the values behind the stack's references.
type secrets struct {
	passphrases  map[spec.SecretRef]pulumi.StringInput
	bgpPasswords map[spec.SecretRef]pulumi.StringInput
}

// readSecrets reads what the components need, and tells of everything that is
// missing at once.
func readSecrets(ctx *pulumi.Context, stack *spec.Stack) (*secrets, error) {
	var s secrets
	var errs [2]error
	s.passphrases, errs[0] = readAll(ctx, "passphraseRef", machineconfig.PassphraseRefs(stack))
	s.bgpPasswords, errs[1] = readAll(ctx, "passwordRef", cilium.PasswordRefs(stack))
	return &s, errors.Join(errs[:]...)
}

func readAll(ctx *pulumi.Context, field string, refs []spec.SecretRef) (map[spec.SecretRef]pulumi.StringInput, error) {
	values := map[spec.SecretRef]pulumi.StringInput{}
	var errs []error
	for _, ref := range refs {
		key, ok := ref.ConfigKey()
		if !ok {
			errs = append(errs, fmt.Errorf("%s %s: must be a Pulumi secret (config:KEY)", field, ref))
			continue
		}
		value, ok := ctx.GetConfig(configKey(key))
		if !ok || !ctx.IsConfigSecret(configKey(key)) {
			errs = append(errs, fmt.Errorf("%s %s: set it with `pulumi config set --secret %s`", field, ref, configKey(key)))
			continue
		}
		values[ref] = pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)
	}
	return values, errors.Join(errs...)
}
