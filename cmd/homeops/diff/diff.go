package diff

import (
	"errors"
	"slices"

	"github.com/home-ops/home-ops/cmd/homeops/render"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
)

// Side is a stack before or after the step; nil where it is only on the other side.
type Side struct {
	// Stack is what the stack file says; nil where that cannot work, and where another homeops rendered it.
	Stack *spec.Stack
	Files render.Files
	// Warnings are the stack file's.
	Warnings spec.Problems
	// Fault is an error for each part that could not be rendered.
	Fault error
}

// Compare reports what changes from one side to the other.
func Compare(stack string, before, after *Side) (Report, error) {
	report := Report{
		Stack: stack, New: before == nil, Gone: after == nil,
		Machines: []Machine{}, Components: []Component{}, Kustomizations: []Kustomization{}, Outside: []File{},
		Warnings: Warnings{New: []string{}, Gone: []string{}},
	}
	if before == nil {
		before = &Side{}
	}
	if after == nil {
		after = &Side{}
	}
	report.Warnings.New = append(report.Warnings.New, missing(after.Warnings, before.Warnings)...)
	report.Warnings.Gone = append(report.Warnings.Gone, missing(before.Warnings, after.Warnings)...)
	for _, side := range []struct {
		name  string
		fault error
	}{{"before", before.Fault}, {"after", after.Fault}} {
		if side.fault != nil {
			report.Incomplete = append(report.Incomplete, side.name+": "+side.fault.Error())
		}
	}
	machines, errMachines := machines(before.Files, after.Files)
	anew(machines, before.Stack, after.Stack)
	components, errComponents := components(before.Files, after.Files)
	kustomizations, errKustomizations := kustomizations(before.Files, after.Files)
	report.Machines = append(report.Machines, machines...)
	report.Components = append(report.Components, components...)
	report.Kustomizations = append(report.Kustomizations, kustomizations...)
	report.Outside = append(report.Outside, outside(before.Files, after.Files)...)
	if report.Contract = contract(before, after); report.Contract != nil && !report.Contract.Offered {
		formOnly(report.Machines, before.Stack, after.Stack)
	}
	report.Roll = forecast(report.Machines, before.Stack, after.Stack)
	return report, errors.Join(errMachines, errComponents, errKustomizations)
}

// anew marks the machines that the step has installed anew, whatever else changes on them.
func anew(machines []Machine, before, after *spec.Stack) {
	if before == nil || after == nil {
		return
	}
	again := spec.Reinstalled(before, after)
	for i := range machines {
		if again[machines[i].Node] {
			machines[i].Effect = Anew
		}
	}
}

// forecast is how machines that cannot change while they run take turns.
func forecast(machines []Machine, before, after *spec.Stack) *roll.Forecast {
	if before == nil || after == nil {
		return nil
	}
	does := map[Effect]roll.Action{Restart: roll.Apply, Reboot: roll.Reboot, Upgrade: roll.Upgrade, Anew: roll.Reinstall}
	var planned []roll.Planned
	// The turns follow the stack file's order.
	for _, node := range after.Nodes {
		for _, machine := range machines {
			if action, rolls := does[machine.Effect]; rolls && machine.Node == node.Name {
				planned = append(planned, roll.Planned{Node: roll.NodeOf(after, node), Does: action})
			}
		}
	}
	return roll.Foretell(before, after, planned)
}

// missing are the problems of one list that the other does not have, wherever they
// stand in the file.
func missing(of, in spec.Problems) []string {
	var all []string
	for _, problem := range of {
		text := problem.String()
		if !slices.ContainsFunc(in, func(other spec.Problem) bool { return other.String() == text }) {
			all = append(all, text)
		}
	}
	return all
}
