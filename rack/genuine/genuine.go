// Package genuine says how the programs are built that simulated ones are held to, and that a rehearsal with GENUINE=1 runs
// in their place, each from the module below it that pins the program. Flux's programs, which every rehearsal runs, are in
// fluxparts.
package genuine

import (
	"path/filepath"

	"github.com/home-ops/home-ops/rack/build"
)

// ExternalDNS is the file name of external-dns.
const ExternalDNS = "external-dns"

// packages are the programs, by file name, which is the folder of their module, too.
var packages = map[string]string{ExternalDNS: "sigs.k8s.io/external-dns"}

// Built is what Parts makes.
type Built struct {
	// Bin holds the programs, by their file names.
	Bin string `json:"bin"`
	// Versions are those of the programs, by file name.
	Versions map[string]string `json:"versions"`
}

// Parts are the programs, to be built from the rack's directory into out/bin.
func Parts(rack, out string) ([]build.Part, *Built, error) {
	built := &Built{Bin: filepath.Join(out, "bin"), Versions: map[string]string{}}
	var parts []build.Part
	for name, pkg := range packages {
		module := filepath.Join(rack, "genuine", name)
		version, err := build.Pinned(module, pkg)
		if err != nil {
			return nil, nil, err
		}
		built.Versions[name] = version
		parts = append(parts, build.Part{
			Name: name + " " + version, Module: module, Package: pkg, Output: filepath.Join(built.Bin, name),
			LDFlags: "-s -w", Note: "the first time takes minutes",
		})
	}
	return parts, built, nil
}
