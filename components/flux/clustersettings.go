package flux

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/fluxcd/pkg/apis/meta"
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
		secretsStep(stack),
	}
	if sops := stack.Secrets.SOPS; sops != nil {
		steps = append(steps, secretStep(stepSops, sops.SecretName, nil, decryption(sops)...))
	}
	return steps
}

// watching is the first Flux that watches what it substitutes from, where that bears the label
// (https://fluxcd.io/flux/components/kustomize/kustomizations/#reacting-immediately-to-configuration-dependencies).
const watching = spec.Version("v2.7")

// watched marks what Flux substitutes from, so that it applies a changed setting at once, where it would else look
// again at its next interval. An older Flux is told by [askedFor].
func watched(stack *spec.Stack) map[string]string {
	if !stack.Versions.Flux.Reaches(watching) {
		return nil
	}
	return map[string]string{"reconcile.fluxcd.io/watch": "Enabled"}
}

// askedFor asks a Flux that does not watch the settings to apply every Kustomization when one of them changes: the
// annotation is the one that `flux reconcile` sets, and its value is a digest of the settings. Secret settings are not
// in it, for a plan does not know them: those such a Flux applies at its next interval.
func askedFor(stack *spec.Stack) map[string]string {
	if stack.Versions.Flux.Reaches(watching) {
		return nil
	}
	values := settings.For(stack)
	digest := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(digest, "%q=%q\n", name, values[name])
	}
	return map[string]string{meta.ReconcileRequestAnnotation: "settings-" + hex.EncodeToString(digest.Sum(nil))[:16]}
}

// SettingsConfigMap is the ConfigMap cluster-settings: the settings of a stack's tree.
func SettingsConfigMap(stack *spec.Stack) *corev1.ConfigMap {
	metadata := named(settings.ConfigMap)
	metadata.Labels = watched(stack)
	return &corev1.ConfigMap{
		TypeMeta:   kind("v1", "ConfigMap"),
		ObjectMeta: metadata,
		Data:       settings.For(stack),
	}
}

// secretsStep is the Secret cluster-secrets: the secret settings of a stack's tree.
func secretsStep(stack *spec.Stack) plan.Step {
	metadata := named(settings.Secret)
	metadata.Labels = watched(stack)
	return plan.Step{
		Name:   stepSecrets,
		Object: &corev1.Secret{TypeMeta: kind("v1", "Secret"), ObjectMeta: metadata},
		From:   secretSettings(stack),
		After:  []string{stepNamespace},
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
