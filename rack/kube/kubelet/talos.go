package kubelet

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Labels are those that Talos keeps on the node: the config's, the role, and one for each extension.
func (m Machine) Labels() map[string]string {
	labels := maps.Clone(m.Config.K8sNodeConfig().Labels())
	if labels == nil {
		labels = map[string]string{}
	}
	m.addExtensions(labels, true)
	return labels
}

// Annotations are those that Talos keeps on the node; an extension whose version is no label value is here.
func (m Machine) Annotations() map[string]string {
	annotations := maps.Clone(m.Config.K8sNodeConfig().Annotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	m.addExtensions(annotations, false)
	return annotations
}

func (m Machine) addExtensions(to map[string]string, labels bool) {
	for name, version := range m.Extensions {
		key := constants.K8sExtensionPrefix + name
		if len(validation.IsQualifiedName(key)) == 0 && (len(validation.IsValidLabelValue(version)) == 0) == labels {
			to[key] = version
		}
	}
}

// Taints are those that Talos keeps on the node, sorted by key.
func (m Machine) Taints() []corev1.Taint {
	var taints []corev1.Taint
	configured := m.Config.K8sNodeConfig().Taints()
	for _, key := range slices.Sorted(maps.Keys(configured)) {
		value, effect, found := strings.Cut(configured[key], ":")
		if !found {
			value, effect = "", value
		}
		taints = append(taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)})
	}
	return taints
}

// applyTalos brings the node's labels, annotations and taints to what the config says. It takes over what nobody set,
// leaves alone what others set, and removes what it set before; that it remembers in annotations, as Talos does.
func (m Machine) applyTalos(node *corev1.Node) error {
	if node.Labels == nil {
		node.Labels = map[string]string{}
	}
	if node.Annotations == nil {
		node.Annotations = map[string]string{}
	}
	for _, each := range []struct {
		annotation string
		apply      func(owned map[string]bool)
	}{
		{constants.AnnotationOwnedLabels, func(owned map[string]bool) { applyValues(node.Labels, m.Labels(), owned) }},
		{constants.AnnotationOwnedAnnotations, func(owned map[string]bool) { applyValues(node.Annotations, m.Annotations(), owned) }},
		{constants.AnnotationOwnedTaints, func(owned map[string]bool) { node.Spec.Taints = applyTaints(node.Spec.Taints, m.Taints(), owned) }},
	} {
		if err := withOwned(node, each.annotation, each.apply); err != nil {
			return err
		}
	}
	return nil
}

// withOwned reads the annotation that lists what Talos owns, lets apply change it, and writes it back.
func withOwned(node *corev1.Node, annotation string, apply func(owned map[string]bool)) error {
	owned := map[string]bool{}
	if text := node.Annotations[annotation]; text != "" {
		var keys []string
		if err := json.Unmarshal([]byte(text), &keys); err != nil {
			return fmt.Errorf("node %s: annotation %s: %w", node.Name, annotation, err)
		}
		for _, key := range keys {
			owned[key] = true
		}
	}
	apply(owned)
	if len(owned) == 0 {
		delete(node.Annotations, annotation)
		return nil
	}
	text, err := json.Marshal(slices.Sorted(maps.Keys(owned)))
	if err != nil {
		return err
	}
	node.Annotations[annotation] = string(text)
	return nil
}

func applyValues(have, want map[string]string, owned map[string]bool) {
	for key, value := range want {
		current, exists := have[key]
		if exists && current != value && !owned[key] {
			continue
		}
		have[key], owned[key] = value, true
	}
	for key := range owned {
		if _, wanted := want[key]; !wanted {
			delete(have, key)
			delete(owned, key)
		}
	}
}

func applyTaints(have, want []corev1.Taint, owned map[string]bool) []corev1.Taint {
	byKey := func(key string) func(corev1.Taint) bool { return func(t corev1.Taint) bool { return t.Key == key } }
	for _, taint := range want {
		i := slices.IndexFunc(have, byKey(taint.Key))
		switch {
		case i < 0:
			have, owned[taint.Key] = append(have, taint), true
		case owned[taint.Key] || (have[i].Value == taint.Value && have[i].Effect == taint.Effect):
			have[i].Value, have[i].Effect, owned[taint.Key] = taint.Value, taint.Effect, true
		}
	}
	return slices.DeleteFunc(have, func(t corev1.Taint) bool {
		if !owned[t.Key] || slices.ContainsFunc(want, byKey(t.Key)) {
			return false
		}
		delete(owned, t.Key)
		return true
	})
}
