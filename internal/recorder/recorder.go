// Package recorder runs Pulumi programs in unit tests: it is the engine that they
// talk to, which creates nothing and remembers everything. Unlike the SDK's own
// mocks it understands unknown values and sees exports and messages.
package recorder

import (
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
	// Inputs keep their secret marks; what is unknown in a preview is computed.
	Inputs resource.PropertyMap
	// Request holds everything else that the engine would have been sent:
	// parent, dependencies, protection, provider.
	Request *pulumirpc.RegisterResourceRequest
}

// Outputs says what the provider would have answered for a resource: its ID and
// the outputs that are not inputs. Without it, or with an empty ID, the ID is made
// of the name.
type Outputs func(r Resource) (id string, outputs resource.PropertyMap, err error)

// Invokes says what a provider would have answered to a call of one of its
// functions.
type Invokes func(token string, args resource.PropertyMap) (resource.PropertyMap, error)

// Recorder is the engine of one run of a program.
type Recorder struct {
	// Outputs may be nil.
	Outputs Outputs
	// Invokes may be nil: then every call is an error.
	Invokes Invokes
	// Updates says which resources exist already and are updated; all others are
	// created. It may be nil.
	Updates func(r Resource) bool
	// Sames says which resources exist already and stay as they are, so that none of
	// their hooks is called. It may be nil.
	Sames func(r Resource) bool
	// LastOutputs are the stack's outputs of its last update, which a reference of the
	// stack to itself finds. It may be nil.
	LastOutputs resource.PropertyMap
	// Config is the stack's configuration, by full key; SecretConfig names those
	// of its keys that are secrets.
	Config       map[string]string
	SecretConfig []string

	mu        sync.Mutex
	resources []Resource
	outputs   map[string]resource.PropertyMap // of components and the stack, by URN
	messages  []string
	root      string
	versions  string
}

// Run runs program as an update of stack and returns its error.
func (r *Recorder) Run(program pulumi.RunFunc, stack string) error {
	return r.run(program, stack, &monitor{recorder: r})
}

// Preview runs program as the first preview of stack: IDs and whatever else
// resources compute are unknown.
func (r *Recorder) Preview(program pulumi.RunFunc, stack string) error {
	return r.run(program, stack, &monitor{recorder: r, dryRun: true, nothingExists: true})
}

// PreviewExisting runs program as a preview of a stack that is up: everything is
// known.
func (r *Recorder) PreviewExisting(program pulumi.RunFunc, stack string) error {
	return r.run(program, stack, &monitor{recorder: r, dryRun: true})
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

// Exports are the stack's outputs.
func (r *Recorder) Exports() resource.PropertyMap {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outputs[r.root]
}

// Versions is the range of Pulumi's releases that the program asks for; empty when it asks for none.
func (r *Recorder) Versions() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.versions
}

// Messages are what the program logged, each as "SEVERITY: TEXT", in order.
func (r *Recorder) Messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages)
}

// Value is the input at key, with whether it is secret; the zero value when the
// resource has none.
func (r Resource) Value(key resource.PropertyKey) (value resource.PropertyValue, secret bool) {
	v := r.Inputs[key]
	if v.IsSecret() {
		return v.SecretValue().Element, true
	}
	return v, false
}
