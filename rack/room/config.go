// Package room is what the launcher, outside, tells the rehearsal, inside the sealed room. It is light, because the
// launcher is compiled before anything can be shown.
package room

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/report"
)

// Config is one rehearsal.
type Config struct {
	// Stack is the stack's name.
	Stack string `json:"stack"`
	// Project is the directory of Pulumi.yaml.
	Project string `json:"project"`
	// Dir is this run's own directory, for state, logs and everything that the room writes.
	Dir string `json:"dir"`
	// Before are the phases of the last rehearsal like this one, which say how long each may take. Empty for the first.
	Before []report.Phase `json:"before,omitempty"`
	// Report is where the report goes.
	Report string `json:"report"`
	// Keep leaves the room up after the checks, until it is interrupted.
	Keep bool `json:"keep"`
	// Scenario is what happens besides up and up again; empty for that alone.
	Scenario string `json:"scenario,omitempty"`
	// Base is a project directory with the program of another commit, for the scenario that begins with it.
	Base string `json:"base,omitempty"`
	// Pulumi is the pulumi program, and whether it was found or built.
	Pulumi Binary `json:"pulumi"`
	// Homeops is the operator's command.
	Homeops string `json:"homeops"`
	// Kube is the rack-kube program.
	Kube string `json:"kube"`
	// ControlPlanes are the programs of API servers, controller managers and schedulers, and Etcds those of etcd.
	ControlPlanes Releases `json:"controlPlanes"`
	Etcds         Releases `json:"etcds"`
	// Flows is the program that asks Cilium's policy engine.
	Flows string `json:"flows"`
	// CRDs is the folder of the custom resource definitions, one folder below it for each set.
	CRDs string `json:"crds"`
	// Charts is a folder of genuine charts, as NAME-VERSION.tgz; empty for none.
	Charts string `json:"charts,omitempty"`
	// ChartModules are the folders of Go modules, by their paths, that may have genuine charts in them.
	ChartModules map[string]string `json:"chartModules,omitempty"`
	// Flux are the programs that Flux consists of.
	Flux fluxparts.Built `json:"flux"`
	// Genuine are the programs that take the place of simulated operators; nil where all are simulated.
	Genuine *genuine.Built `json:"genuine,omitempty"`
	// LanguageHost is pulumi-language-go.
	LanguageHost Binary `json:"languageHost"`
	// Plugins are the provider plugins that the program needs.
	Plugins []Plugin `json:"plugins"`
	// BuildSeconds is how long each part took to build.
	BuildSeconds map[string]float64 `json:"buildSeconds"`
}

// Binary is a program and how true it is.
type Binary struct {
	Path string      `json:"path"`
	Kind report.Kind `json:"kind"`
}

// Plugin is a provider plugin.
type Plugin struct {
	Name string `json:"name"`
	// Version is what the program's SDK asks for, with its leading v.
	Version string `json:"version"`
	Binary
}

// Load reads a config.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("room: %w", err)
	}
	var c Config
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("room %s: %w", path, err)
	}
	return &c, nil
}

// Save writes a config for the room's eyes only.
func (c *Config) Save(path string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("room: %w", err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("room: %w", err)
	}
	return nil
}
