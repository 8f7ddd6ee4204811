// Package genuine says how the programs are built that simulated ones are held to, and that a rehearsal with GENUINE=1 runs
// in their place, each from the module below it that pins the program. Flux's programs, which every rehearsal runs, are in
// fluxparts.
//
// external-dns is compiled as it is. Of External Secrets everything is genuine that a stack of this project reaches: its main
// package with every flag, its controllers, its template engine, and its provider for 1Password Connect. Left out are its other
// providers and all generators: a store or a generator of another kind is one that this program has never heard of. Cilium's operator
// is the generic one, as its image has it, but for two libraries: BGP's is of a neighbouring release, and of the one for imported
// Services there is the single name that it uses.
package genuine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/home-ops/home-ops/rack/build"
)

// The file names of the programs, which are the folders of their modules, too.
const (
	CiliumOperator  = "cilium-operator"
	ExternalDNS     = "external-dns"
	ExternalSecrets = "external-secrets"
)

// packages are the programs' main packages, by file name.
var packages = map[string]string{
	CiliumOperator:  "github.com/cilium/cilium/operator",
	ExternalDNS:     "sigs.k8s.io/external-dns",
	ExternalSecrets: externalSecretsModule,
}

// tags choose among a program's files, by file name: the generic operator of Cilium is the one that knows no cloud
// (https://github.com/cilium/cilium/blob/v1.20.2/operator/Makefile).
var tags = map[string]string{CiliumOperator: "ipam_provider_operator,osusergo"}

// Names are the file names of all programs, in order.
func Names() []string { return []string{CiliumOperator, ExternalDNS, ExternalSecrets} }

// ciliumChart is the one chart whose program is called otherwise.
const ciliumChart = "cilium"

// OfChart is the file name of the program that a chart installs. Whether there is such a program it does not say.
func OfChart(chart string) string {
	if chart == ciliumChart {
		return CiliumOperator
	}
	return chart
}

// Chart is the name of the chart that installs a program.
func Chart(program string) string {
	if program == CiliumOperator {
		return ciliumChart
	}
	return program
}

// Built is what Parts makes.
type Built struct {
	// Bin holds the programs, by their file names.
	Bin string `json:"bin"`
	// Versions are those of the programs, by file name.
	Versions map[string]string `json:"versions"`
}

// Parts are the programs of these names, to be built from the rack's directory into out/bin. What External Secrets is compiled
// from is put in order below out.
func Parts(ctx context.Context, rack, out string, names ...string) ([]build.Part, *Built, error) {
	built := &Built{Bin: filepath.Join(out, "bin"), Versions: map[string]string{}}
	var parts []build.Part
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, nil, fmt.Errorf("there is no genuine %s; there are %v", name, Names())
		}
		module, pkg := filepath.Join(rack, "genuine", name), packages[name]
		version, err := build.Pinned(module, pkg)
		if err != nil {
			return nil, nil, err
		}
		if name == ExternalSecrets {
			copied := externalSecretsCopy(module, version)
			module = filepath.Join(out, ExternalSecrets)
			if _, err := copied.Into(ctx, module); err != nil {
				return nil, nil, err
			}
		}
		built.Versions[name] = version
		parts = append(parts, build.Part{
			Name: name + " " + version, Module: module, Package: pkg, Output: filepath.Join(built.Bin, name),
			Tags: tags[name], LDFlags: "-s -w", Note: "the first time takes minutes",
		})
	}
	return parts, built, nil
}
