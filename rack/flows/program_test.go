package flows_test

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/internal/plan"
)

// fluxFiles are the operator's manifests that it applies: its policies where the instance asks for them.
func (p *planner) fluxFiles(parts plan.Parts) []string {
	files := []string{"source-controller", "kustomize-controller", "helm-controller", "notification-controller"}
	for _, part := range parts {
		for _, step := range part.Steps {
			if step.Release == nil || step.Release.Chart.Name != "flux-instance" {
				continue
			}
			values, err := step.Release.PlainValues()
			if err != nil {
				p.t.Fatal(err)
			}
			wanted, said, err := unstructured.NestedBool(values, "instance", "cluster", "networkPolicy")
			if err != nil {
				p.t.Fatal(err)
			}
			if wanted || !said {
				files = append(files, "policies")
			}
		}
	}
	return files
}

// program adds what the program makes, out of its plan: objects, and what the charts of its releases hold. What Flux's
// operator makes of the chart flux-instance is added by flux.
func (p *planner) program(parts plan.Parts) {
	for _, part := range parts {
		for _, step := range part.Steps {
			switch {
			case step.Object != nil:
				body, err := step.Body()
				if err != nil {
					p.t.Fatal(err)
				}
				p.add(&unstructured.Unstructured{Object: body})
			case step.Release != nil && step.Release.Chart.Name != "flux-instance":
				values, err := step.Release.PlainValues()
				if err != nil {
					p.t.Fatal(err)
				}
				p.chart(step.Release.Chart.Name, step.Release.Name, step.Release.Namespace, values)
			}
		}
	}
}
