package machineconfig

import (
	"fmt"
	"maps"
	"slices"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// configureRegistries says how the registries of the stack, and their mirrors, are
// spoken to. The mirrors themselves are there already.
func configureRegistries(registries *v1alpha1.RegistriesConfig, wanted map[string]spec.Registry, secrets Passphrases) error {
	for _, host := range slices.Sorted(maps.Keys(wanted)) {
		registry := wanted[host]
		if mirror := registries.RegistryMirrors[host]; mirror != nil {
			if registry.OverridePath {
				mirror.MirrorOverridePath = pointer.To(true)
			}
			if registry.SkipFallback {
				mirror.MirrorSkipFallback = pointer.To(true)
			}
		}
		access := &v1alpha1.RegistryConfig{}
		if registry.Username != "" {
			password := secrets[registry.PasswordRef]
			if password == "" {
				return fmt.Errorf("cluster.registries[%q].passwordRef: %s gave no password", host, registry.PasswordRef)
			}
			access.RegistryAuth = &v1alpha1.RegistryAuthConfig{RegistryUsername: registry.Username, RegistryPassword: password}
		}
		if registry.InsecureSkipVerify {
			access.RegistryTLS = &v1alpha1.RegistryTLSConfig{TLSInsecureSkipVerify: pointer.To(true)}
		}
		if access.RegistryAuth == nil && access.RegistryTLS == nil {
			continue
		}
		if registries.RegistryConfig == nil {
			registries.RegistryConfig = map[string]*v1alpha1.RegistryConfig{}
		}
		registries.RegistryConfig[host] = access
	}
	return nil
}

// registryRefs are the passwords of the stack's registries.
func registryRefs(stack *spec.Stack) []spec.SecretRef {
	var refs []spec.SecretRef
	for _, host := range slices.Sorted(maps.Keys(stack.Cluster.Registries)) {
		if ref := stack.Cluster.Registries[host].PasswordRef; ref != "" {
			refs = append(refs, ref)
		}
	}
	return refs
}
