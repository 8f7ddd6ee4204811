package plan

import (
	"errors"
	"fmt"
)

// Parts are the plans of a stack's components, in the order in which they are made.
type Parts []Part

// Part is the plan of one component.
type Part struct {
	// Component is the component's name in Pulumi, with which the names of its resources
	// begin; empty for what belongs to the stack itself.
	Component string
	Steps     Steps
}

// Name is the component's for a person.
func (p Part) Name() string {
	if p.Component == "" {
		return "stack"
	}
	return p.Component
}

// Check returns every fault of the plans as one error, and every object that two of them
// make.
func (p Parts) Check() error {
	var errs []error
	owners := map[ID]string{}
	for _, part := range p {
		if err := part.Steps.Check(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part.Name(), err))
			continue
		}
		for _, step := range part.Steps {
			if step.Download != nil {
				continue
			}
			id, err := step.ID()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: step %w", part.Name(), err))
				continue
			}
			if other, taken := owners[id]; taken {
				errs = append(errs, fmt.Errorf("%s: step %s makes %s, and so does %s", part.Name(), step.Name, id, other))
			}
			owners[id] = part.Name() + "'s step " + step.Name
		}
	}
	return errors.Join(errs...)
}

// Charts are the charts that all components install.
func (p Parts) Charts() []Chart {
	var charts []Chart
	for _, part := range p {
		charts = append(charts, part.Steps.Charts()...)
	}
	return charts
}
