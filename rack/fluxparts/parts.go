// Package fluxparts says how the programs that Flux consists of are built: its controllers and its operator, from the
// modules that rack/flux pins.
package fluxparts

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/build"
)

// Operator is the file name of the program that installs Flux.
const Operator = "flux-operator"

// Controllers are the file names of the programs that are Flux; they are their Deployments' names, too.
func Controllers() []string {
	return []string{"source-controller", "kustomize-controller", "helm-controller", "notification-controller"}
}

// Sops is the file name of the program that encrypts for the kustomize-controller.
const Sops = "sops"

// Built is what Parts makes.
type Built struct {
	// Bin holds the programs, by their file names.
	Bin string `json:"bin"`
	// Distribution holds the manifests of every version of Flux that the operator can install.
	Distribution string `json:"distribution"`
	// Versions are those of the programs, by file name.
	Versions map[string]string `json:"versions"`
}

// Parts are the operator, the controllers and sops, to be built from the rack's directory into out/bin. What the operator is
// compiled from is put in order below out.
func Parts(ctx context.Context, rack, out string) ([]build.Part, Built, error) {
	built := Built{Bin: filepath.Join(out, "bin"), Versions: map[string]string{}}
	var parts []build.Part
	for _, name := range append(Controllers(), Sops) {
		module, pkg := moduleOf(rack, name), "github.com/fluxcd/"+name
		if name == Sops {
			pkg = "github.com/getsops/sops/v3/cmd/sops"
		}
		version, err := build.Pinned(module, pkg)
		if err != nil {
			return nil, built, err
		}
		built.Versions[name] = version
		parts = append(parts, build.Part{
			Name: name + " " + version, Module: module, Package: pkg, Output: filepath.Join(built.Bin, name),
			LDFlags: "-s -w", Note: "the first of them takes minutes",
		})
	}
	source, err := prepareOperator(ctx, filepath.Join(rack, "flux", "operator"), filepath.Join(out, "flux-operator"))
	if err != nil {
		return nil, built, err
	}
	built.Versions[Operator], built.Distribution = source.version, source.distribution
	return append(parts, build.Part{
		Name: Operator + " " + source.version, Module: source.module, Package: operatorModule + "/cmd/operator",
		Output:  filepath.Join(built.Bin, Operator),
		LDFlags: "-s -w -X main.VERSION=" + strings.TrimPrefix(source.version, "v"), Note: "the first time takes minutes",
	}), built, nil
}

// moduleOf is the module that pins the controller. Three share one, so that what they have in common is compiled once; the
// notification-controller that can be had is older and needs older versions of Flux's own libraries.
func moduleOf(rack, controller string) string {
	if controller == "notification-controller" {
		return filepath.Join(rack, "flux", "notification")
	}
	return filepath.Join(rack, "flux")
}
