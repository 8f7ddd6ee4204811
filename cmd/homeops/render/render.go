// Package render makes files of everything that a stack's file would apply, as far as
// that can be known without asking anyone: machine configs, what each component puts
// into the cluster, and the Flux tree with its settings filled in. In the place of a
// secret stands what it is.
//
// Left out are the kinds of the Gateway API and what is made at GitHub, 1Password and,
// the tunnel's rules aside, Cloudflare.
package render

import (
	"errors"
	"path/filepath"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// Stack renders a validated stack, and the tree in the repository at root. What can be
// rendered is there also when the error tells of a part that cannot.
func Stack(stack *spec.Stack, root string) (Files, error) {
	files, parts, err := program(stack)
	return files, errors.Join(err, files.tree(parts, root))
}

// Program renders what the program makes of a validated stack: everything but the tree.
func Program(stack *spec.Stack) (Files, error) {
	files, _, err := program(stack)
	return files, err
}

func program(stack *spec.Stack) (Files, plan.Parts, error) {
	files := Files{}
	parts, err := stacks.Plan(stack)
	return files, parts, errors.Join(err, files.machines(stack), files.plans(parts), files.outside(stack))
}

// Machines renders the machine configs and schematics of a validated stack, which is all that the machines themselves get.
func Machines(stack *spec.Stack) (Files, error) {
	files := Files{}
	return files, files.machines(stack)
}

// machines renders the machine config of every node, and each schematic of the image
// factory under the name that the factory gives it. The error names every node
// that cannot be rendered.
func (f Files) machines(stack *spec.Stack) error {
	var errs []error
	placeholder := machineconfig.Placeholder(stack)
	for _, node := range stack.Nodes {
		config, err := machineconfig.Build(stack, node, placeholder)
		errs = append(errs, err)
		f[filepath.Join("talos", node.Name+".yaml")] = config
		if node.Installer != "" {
			continue
		}
		schematic := node.Schematic()
		f[filepath.Join("talos", "schematics", schematic.ID()+".yaml")] = schematic.YAML()
	}
	return errors.Join(errs...)
}
