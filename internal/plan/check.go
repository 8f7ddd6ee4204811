package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check returns every fault of the plan as one error: a step that is nothing or two
// things, two steps with one name or identity, a step that waits for an unknown one, and
// steps that wait for each other in a circle.
func (s Steps) Check() error {
	var errs []error
	fault := func(step Step, format string, args ...any) {
		errs = append(errs, fmt.Errorf("step %s: "+format, append([]any{step.Name}, args...)...))
	}
	names := map[string]bool{}
	owners := map[ID]string{}
	for _, step := range s {
		switch {
		case step.Name == "":
			errs = append(errs, errors.New("a step has no name"))
		case names[step.Name]:
			fault(step, "there are two of this name")
		}
		names[step.Name] = true
		if err := step.check(); err != nil {
			fault(step, "%w", err)
			continue
		}
		if step.Download != nil {
			continue
		}
		id, err := step.ID()
		if err != nil {
			errs = append(errs, fmt.Errorf("step %w", err))
			continue
		}
		if other, taken := owners[id]; taken {
			fault(step, "it makes %s, and so does step %s", id, other)
		}
		owners[id] = step.Name
	}
	for _, step := range s {
		for _, after := range step.After {
			if !names[after] {
				fault(step, "it waits for step %q, which there is none of", after)
			}
		}
		for _, need := range step.Needs {
			if !slices.Contains(Conditions(), need) {
				fault(step, "it needs %q, which is no condition", need)
			}
		}
	}
	if _, err := s.ordered(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// check is an error unless the step is exactly one thing, and whole.
func (s Step) check() error {
	things := 0
	for _, is := range []bool{s.Object != nil, s.Release != nil, s.Download != nil} {
		if is {
			things++
		}
	}
	if things != 1 {
		return fmt.Errorf("it is %d things; give it an object, a release or a download", things)
	}
	var errs []error
	for _, from := range s.From {
		if len(from.Path) == 0 || from.Value == "" {
			errs = append(errs, errors.New("a late value has no path or no name"))
		}
	}
	if r := s.Release; r != nil {
		for _, field := range []struct{ name, value string }{
			{"name", r.Name},
			{"namespace", r.Namespace},
			{"chart's registry", r.Chart.Registry},
			{"chart's name", r.Chart.Name},
			{"chart's version", r.Chart.Version},
		} {
			if field.value == "" {
				errs = append(errs, fmt.Errorf("the %s is empty", field.name))
			}
		}
		if !r.Chart.OCI() && !strings.HasPrefix(r.Chart.Registry, "https://") {
			errs = append(errs, fmt.Errorf("the chart's registry is %q; write oci:// or https://", r.Chart.Registry))
		}
		if s.Timeout != 0 {
			errs = append(errs, errors.New("a release's timeout belongs into the release"))
		}
	}
	return errors.Join(errs...)
}

// Ordered is the steps in an order in which none comes before what it waits for; else
// they stay in the order of the plan.
func (s Steps) Ordered() (Steps, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return s.ordered()
}

func (s Steps) ordered() (Steps, error) {
	var out Steps
	done := map[string]bool{}
	known := map[string]bool{}
	for _, step := range s {
		known[step.Name] = true
	}
	for rest := s; len(rest) > 0; {
		next := slices.IndexFunc(rest, func(step Step) bool {
			return !slices.ContainsFunc(step.After, func(after string) bool { return known[after] && !done[after] })
		})
		if next < 0 {
			return nil, fmt.Errorf("steps wait for each other in a circle: %s", strings.Join(rest.Names(), ", "))
		}
		out = append(out, rest[next])
		done[rest[next].Name] = true
		rest = slices.Concat(rest[:next], rest[next+1:])
	}
	return out, nil
}

// Expand puts steps in the place of the download called name: they need and keep what
// it does, and who waits for it waits for all of them.
func (s Steps) Expand(name string, with Steps) (Steps, error) {
	at := slices.IndexFunc(s, func(step Step) bool { return step.Name == name && step.Download != nil })
	if at < 0 {
		return nil, fmt.Errorf("the plan has no download %q", name)
	}
	download := s[at]
	var out Steps
	for _, step := range with {
		step.After = slices.Concat(download.After, step.After)
		step.Needs = slices.Concat(download.Needs, step.Needs)
		if step.Keep == "" {
			step.Keep = download.Keep
		}
		out = append(out, step)
	}
	for i, step := range s {
		if i == at {
			continue
		}
		if j := slices.Index(step.After, name); j >= 0 {
			step.After = slices.Concat(step.After[:j], with.Names(), step.After[j+1:])
		}
		out = append(out, step)
	}
	return out, out.Check()
}
