package uses

import (
	"strings"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// ofProgram are the releases that the program makes: those of its plan.
func ofProgram(stack *spec.Stack, parts plan.Parts) ([]Use, error) {
	var all []Use
	for _, part := range parts {
		for _, step := range part.Steps {
			if step.Release == nil {
				continue
			}
			values, err := step.Release.PlainValues()
			if err != nil {
				return nil, err
			}
			chart := step.Release.Chart
			all = append(all, Use{
				Stack: stack.Name, Place: strings.TrimSuffix(chart.Registry, "/") + "/" + chart.Name, Version: chart.Version,
				Release: step.Release.Name, Namespace: step.Release.Namespace, Values: values,
				Kubernetes: string(stack.Cluster.KubernetesVersion),
			})
		}
	}
	return all, nil
}
