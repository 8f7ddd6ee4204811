package machineconfig

import (
	"fmt"
	"maps"
	"slices"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/cri"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// configureRegistries says in the main document how the registries of the stack, and
// their mirrors, are spoken to. The mirrors themselves are there already.
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
			password, err := registryPassword(host, registry, secrets)
			if err != nil {
				return err
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

// registries says the same in the documents that contract v1.12 and later have: one
// for each mirror, which Talos generated, and for each registry's access.
func (c *configuration) registries() error {
	wanted := c.stack.Cluster.Registries
	for _, document := range c.documents {
		mirror, ok := document.(*cri.RegistryMirrorConfigV1Alpha1)
		if !ok {
			continue
		}
		registry := wanted[mirror.Name()]
		if registry.SkipFallback {
			mirror.RegistrySkipFallback = pointer.To(true)
		}
		for i := range mirror.RegistryEndpoints {
			if registry.OverridePath {
				mirror.RegistryEndpoints[i].EndpointOverridePath = pointer.To(true)
			}
		}
	}
	for _, host := range slices.Sorted(maps.Keys(wanted)) {
		registry := wanted[host]
		if registry.Username != "" {
			password, err := registryPassword(host, registry, c.keys.passphrases)
			if err != nil {
				return err
			}
			access := cri.NewRegistryAuthConfigV1Alpha1(host)
			access.RegistryUsername, access.RegistryPassword = registry.Username, password
			c.add(access)
		}
		if registry.InsecureSkipVerify {
			trust := cri.NewRegistryTLSConfigV1Alpha1(host)
			trust.TLSInsecureSkipVerify = pointer.To(true)
			c.add(trust)
		}
	}
	return nil
}

func registryPassword(host string, registry spec.Registry, secrets Passphrases) (string, error) {
	password := secrets[registry.PasswordRef]
	if password == "" {
		return "", fmt.Errorf("cluster.registries[%q].passwordRef: %s gave no password", host, registry.PasswordRef)
	}
	return password, nil
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
