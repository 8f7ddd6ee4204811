package flux

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// settingsSteps are what Flux needs to read the tree: the settings that it substitutes,
// and the keys that it decrypts with.
func settingsSteps(stack *spec.Stack) plan.Steps {
	steps := plan.Steps{
		{Name: stepSettings, Object: SettingsConfigMap(stack), After: []string{stepNamespace}},
		secretStep(stepSecrets, settings.Secret, nil, secretSettings(stack)...),
	}
	if sops := stack.Secrets.SOPS; sops != nil {
		steps = append(steps, secretStep(stepSops, sops.SecretName, nil, decryption(sops)...))
	}
	return steps
}

// SettingsConfigMap is the ConfigMap cluster-settings: the settings of a stack's tree.
func SettingsConfigMap(stack *spec.Stack) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   kind("v1", "ConfigMap"),
		ObjectMeta: named(settings.ConfigMap),
		Data:       settings.For(stack),
	}
}

// secretSettings are the places of the secret settings. The Secret exists without any,
// because Flux refuses to substitute from one that is missing.
func secretSettings(stack *spec.Stack) []plan.From {
	var late []plan.From
	for _, name := range slices.Sorted(maps.Keys(settings.SecretRefs(stack))) {
		late = append(late, key(name, settingValue(name)))
	}
	return late
}
