// Package report is what a rehearsal leaves behind: a table for people and a JSON file for programs.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Kind says how true to life a part of the rehearsal is.
type Kind string

// The four kinds. Real is the upstream program itself; genuine is a plugin as its publisher ships it; a stand-in does
// the same work over the same protocols with code of ours; simulated is what no single machine can have, such as nodes.
const (
	Real      Kind = "real"
	Genuine   Kind = "genuine"
	StandIn   Kind = "stand-in"
	Simulated Kind = "simulated"
)

// Report is one rehearsal. Keys are only ever added to it.
type Report struct {
	Stack string `json:"stack"`
	// Commit is what was rehearsed; empty where the working tree was no commit, or changed on the way.
	Commit     string             `json:"commit,omitempty"`
	Plugins    Kind               `json:"plugins"`
	OK         bool               `json:"ok"`
	Seconds    map[string]float64 `json:"seconds"`
	Resources  Resources          `json:"resources"`
	Nodes      []Node             `json:"nodes"`
	Kubernetes Kubernetes         `json:"kubernetes"`
	Flux       Flux               `json:"flux"`
	Flows      Flows              `json:"flows"`
	Parts      []Part             `json:"parts"`
	Checks     []Check            `json:"checks"`
	// Phases are what it did, in order.
	Phases []Phase `json:"phases,omitempty"`
	// Scenario is what happened after the cluster stood; nil when nothing did.
	Scenario *Scenario `json:"scenario,omitempty"`
	// PeakMegabytes is the most memory that all processes of the rehearsal held at once, as the kernel counts it.
	PeakMegabytes int `json:"peakMegabytes,omitempty"`
}

// Phase is one part of a rehearsal, as it is shown.
type Phase struct {
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
}

// Resources counts what the engine did.
type Resources struct {
	Created int `json:"created"`
	// RerunChanges is what a second up changed; anything but 0 is a fault of the program.
	RerunChanges int `json:"rerunChanges"`
}

// Node is one node as Kubernetes sees it.
type Node struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	Address string `json:"address"`
	Ready   bool   `json:"ready"`
}

// Kubernetes is the control plane as it answered.
type Kubernetes struct {
	Version     string `json:"version"`
	APIServers  int    `json:"apiServers"`
	EtcdMembers int    `json:"etcdMembers"`
}

// Flux is what Git owns, as the cluster shows it.
type Flux struct {
	// Kustomizations is how many there are, Ready how many of them are ready.
	Kustomizations int `json:"kustomizations"`
	Ready          int `json:"ready"`
	// CommitToAppliedSeconds is from a commit, announced by webhook, until the API shows it; 0 when it was not tried.
	CommitToAppliedSeconds float64 `json:"commitToAppliedSeconds"`
	// SettingToAppliedSeconds is from a changed setting in cluster-settings until the API shows it where the tree uses it; 0
	// when it was not tried.
	SettingToAppliedSeconds float64 `json:"settingToAppliedSeconds"`
}

// Flows are the connections that were put to Cilium's policy engine.
type Flows struct {
	// Asked is how many there were: those that something in the cluster needs, and those that nobody may have.
	Asked int `json:"asked"`
	// Refused is how many of them the engine refuses. One that is needed, or one that passes and must not, is a failed check.
	Refused int `json:"refused"`
}

// Part is one piece of the rehearsal and how true it is.
type Part struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

// Check is one thing that was looked at.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Skipped says that there was nothing to look at, such as the tunnel of a stack that has none; Detail says why. Such a check is OK.
	Skipped bool   `json:"skipped,omitempty"`
	Detail  string `json:"detail"`
	// Seconds is how long it took to look; 0 for what a step of a scenario found on its way.
	Seconds float64 `json:"seconds,omitempty"`
}

// The beginnings of the line of a check, while the rehearsal is under way.
const (
	okLine      = "    ok      "
	skippedLine = "    skipped "
	failedLine  = "    FAILED  "
)

// Line is said when it was looked at.
func (c Check) Line() string {
	switch {
	case c.Skipped:
		return skippedLine + c.Name + ": " + c.Detail
	case c.OK:
		return okLine + c.Name
	}
	return failedLine + c.Name + ": " + c.Detail
}

// ReadLine reads what Line has made; is says whether the line is one. Of a check that is ok there is the name alone, and the detail
// of another may be a part of the name.
func ReadLine(line string) (c Check, is bool) {
	if name, ok := strings.CutPrefix(line, okLine); ok {
		return Check{Name: name, OK: true}, true
	}
	if name, ok := strings.CutPrefix(line, skippedLine); ok {
		return Check{Name: name, OK: true, Skipped: true}, true
	}
	name, is := strings.CutPrefix(line, failedLine)
	return Check{Name: name}, is
}

// Failed is an error that names each check which is not ok, nil when all are; a rehearsal that checked nothing has failed.
func (r *Report) Failed() error {
	if len(r.Checks) == 0 {
		return errors.New("nothing was checked")
	}
	var text strings.Builder
	failed := 0
	for _, c := range r.Checks {
		if !c.OK {
			failed++
			fmt.Fprintf(&text, "\n  %s: %s", c.Name, c.Detail)
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d checks failed:%s", failed, len(r.Checks), text.String())
}

// Write stores the report at path, whole or not at all.
func (r *Report) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.WriteFile(temporary, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Read loads a report.
func Read(path string) (*Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("report %s: %w", path, err)
	}
	return &r, nil
}
