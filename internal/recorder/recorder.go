// Package recorder runs Pulumi programs in unit tests without an engine and
// remembers every resource that they register.
package recorder

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Resource is one registration.
type Resource struct {
	Type, Name, ImportID string
	// Inputs keep their secret marks; an unknown input is null.
	Inputs resource.PropertyMap
	// Request holds everything else that the engine would have been told:
	// parent, dependencies, protection, provider.
	Request *pulumirpc.RegisterResourceRequest
}

// Outputs says what the provider would have answered for a resource: its ID and
// the outputs that are not inputs. The zero answer is an ID made of the name.
type Outputs func(r Resource) (id string, outputs resource.PropertyMap, err error)

// Recorder is a pulumi.MockResourceMonitor for one run of a program.
type Recorder struct {
	// Outputs may be nil.
	Outputs Outputs

	mu        sync.Mutex
	resources []Resource
}

// Run runs program in stack and returns its error. Preview makes it a preview.
func (r *Recorder) Run(program pulumi.RunFunc, stack string, options ...pulumi.RunOption) error {
	return pulumi.RunErr(program, append(options, pulumi.WithMocks("home-ops", stack, r))...)
}

// Preview is the option that makes a run a preview: what resources compute is
// unknown then.
func Preview(info *pulumi.RunInfo) { info.DryRun = true }

// NewResource implements pulumi.MockResourceMonitor.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	res := Resource{
		Type: args.TypeToken, Name: args.Name, ImportID: args.ID,
		Inputs: args.Inputs, Request: args.RegisterRPC,
	}
	r.mu.Lock()
	r.resources = append(r.resources, res)
	r.mu.Unlock()

	id, state := args.Name+"-id", args.Inputs.Copy()
	if r.Outputs != nil {
		answeredID, outputs, err := r.Outputs(res)
		if err != nil {
			return "", nil, err
		}
		if answeredID != "" {
			id = answeredID
		}
		for key, value := range outputs {
			state[key] = value
		}
	}
	return id, state, nil
}

// Call implements pulumi.MockResourceMonitor. A program under test calls no
// provider function: what it needs, it computes.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("unexpected call of %s", args.Token)
}

// Resources is every registration so far, ordered by type and name.
func (r *Recorder) Resources() []Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	sorted := slices.Clone(r.resources)
	slices.SortFunc(sorted, func(a, b Resource) int {
		return strings.Compare(a.Type+a.Name, b.Type+b.Name)
	})
	return sorted
}

// OfType is the registrations of one type, ordered by name.
func (r *Recorder) OfType(token string) []Resource {
	return slices.DeleteFunc(r.Resources(), func(res Resource) bool { return res.Type != token })
}

// Names is "TYPE NAME" of every registration, in order.
func (r *Recorder) Names() []string {
	var names []string
	for _, res := range r.Resources() {
		names = append(names, res.Type+" "+res.Name)
	}
	return names
}
