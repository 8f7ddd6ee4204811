package diff

import "github.com/home-ops/home-ops/components/talos/roll"

// Report is what a step does to one stack.
type Report struct {
	Stack string `json:"stack"`
	// New and Gone say that the stack is only after or only before the step.
	New  bool `json:"new,omitempty"`
	Gone bool `json:"gone,omitempty"`
	// Machines are those whose config changes.
	Machines []Machine `json:"machines"`
	// Roll is how the machines take turns; nil where all change while they run, or where another homeops rendered one side.
	Roll *roll.Forecast `json:"roll,omitempty"`
	// Contract is the newer form of the machine configs that the step switches to, or makes possible.
	Contract *Contract `json:"contract,omitempty"`
	// Components are what Pulumi changes in the cluster.
	Components []Component `json:"components"`
	// Kustomizations are what Flux changes.
	Kustomizations []Kustomization `json:"kustomizations"`
	// Outside is what changes at routers and at Cloudflare, by file.
	Outside []File `json:"outside"`
	// Warnings are those of the stack file that come and go.
	Warnings Warnings `json:"warnings"`
	// Incomplete are the parts of either side that cannot be rendered.
	Incomplete []string `json:"incomplete,omitempty"`
}

// Machine is a node whose config changes.
type Machine struct {
	Node string `json:"node"`
	// Effect is the greatest of the changes'.
	Effect  Effect          `json:"effect"`
	Changes []MachineChange `json:"changes"`
}

// MachineChange is one value of a machine config, and what its change costs.
type MachineChange struct {
	// Document is empty for the v1alpha1 document, else KIND or KIND NAME.
	Document string `json:"document,omitempty"`
	Change
	Effect Effect `json:"effect"`
}

// Component is what one component changes.
type Component struct {
	Component string    `json:"component"`
	Releases  []Release `json:"releases,omitempty"`
	Objects   []Object  `json:"objects,omitempty"`
}

// Action is what becomes of a thing.
type Action string

// The actions.
const (
	Added   Action = "added"
	Removed Action = "removed"
	Changed Action = "changed"
)

// Release is a release that changes.
type Release struct {
	Release string `json:"release"`
	Action  Action `json:"action"`
	// ChartBefore and ChartAfter differ where the chart or its version changes.
	ChartBefore string `json:"chartBefore,omitempty"`
	ChartAfter  string `json:"chartAfter,omitempty"`
	// Changes are those of the values.
	Changes []Change `json:"changes,omitempty"`
}

// Object is an object that changes.
type Object struct {
	Object  string   `json:"object"`
	Action  Action   `json:"action"`
	Changes []Change `json:"changes,omitempty"`
}

// Kustomization is a Kustomization of Flux of which objects change.
type Kustomization struct {
	Kustomization string   `json:"kustomization"`
	Action        Action   `json:"action"`
	Objects       []Object `json:"objects"`
}

// File is a text that changes, line by line.
type File struct {
	File  string   `json:"file"`
	Lines []string `json:"lines"`
}

// Warnings are warnings of the stack file.
type Warnings struct {
	New  []string `json:"new"`
	Gone []string `json:"gone"`
}

// Empty reports whether the step changes nothing.
func (r Report) Empty() bool {
	return !r.New && !r.Gone && len(r.Machines)+len(r.Components)+len(r.Kustomizations)+len(r.Outside)+
		len(r.Warnings.New)+len(r.Warnings.Gone)+len(r.Incomplete) == 0
}
