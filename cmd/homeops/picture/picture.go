package picture

import (
	"fmt"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// The pictures' file names.
const (
	Addresses = "addresses.svg"
	Machines  = "machines.svg"
	Owners    = "owners.svg"
	Requests  = "requests.svg"
)

// Names are the files, in the order in which a person would look at them.
func Names() []string { return []string{Machines, Addresses, Owners, Requests} }

// All draws every picture of a stack, by file name. Parts are its plans, and tree what Flux applies beside them.
func All(stack *spec.Stack, parts plan.Parts, tree *gitops.Cluster) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, picture := range []struct {
		name string
		draw func() (*canvas, error)
	}{
		{Machines, func() (*canvas, error) { return drawMachines(stack), nil }},
		{Addresses, func() (*canvas, error) { return drawAddresses(stack), nil }},
		{Owners, func() (*canvas, error) { return drawOwners(stack, parts, tree) }},
		{Requests, func() (*canvas, error) { return drawRequests(stack), nil }},
	} {
		c, err := picture.draw()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", picture.name, err)
		}
		out[picture.name] = c.svg()
	}
	return out, nil
}
