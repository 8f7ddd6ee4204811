// Package lock lists every chart that the rack's registries may have. It is light: the launcher reads it, too.
package lock

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"path"

	"sigs.k8s.io/yaml"
)

//go:embed lock.yaml
var file []byte

// Entry is a chart that the rack's registries may have.
type Entry struct {
	// Place is where it is published: oci://HOST/PATH/NAME, or https://HOST/PATH/NAME in a classic repository.
	Place   string `json:"place"`
	Version string `json:"version"`
	// SHA256 is that of the package; empty where nobody could tell.
	SHA256 string `json:"sha256,omitempty"`
	// Verified says how it is known.
	Verified string `json:"verified"`
	// Module has the chart, too.
	Module *Module `json:"module,omitempty"`
}

// File is the name of the chart's package.
func (l Entry) File() string { return l.Name() + "-" + l.Version + ".tgz" }

// Module is a Go module with a chart in it, at the chart's version.
type Module struct {
	Path   string `json:"path"`
	Folder string `json:"folder"`
}

// Name is the chart's.
func (l Entry) Name() string { return path.Base(l.Place) }

// All are all charts that are listed.
func All() ([]Entry, error) {
	var all []Entry
	if err := yaml.UnmarshalStrict(file, &all); err != nil {
		return nil, fmt.Errorf("rack/charts/lock/lock.yaml: %w", err)
	}
	return all, nil
}

// Find is the entry of a chart at a place in a version.
func Find(place, version string) (Entry, error) {
	all, err := All()
	if err != nil {
		return Entry{}, err
	}
	var elsewhere string
	for _, l := range all {
		if l.Name() == path.Base(place) && l.Version == version {
			if l.Place == place {
				return l, nil
			}
			elsewhere = "; that version is listed at " + l.Place
		}
	}
	return Entry{}, fmt.Errorf("%s %s is not in rack/charts/lock/lock.yaml%s; add it once you know that it is published there", place, version, elsewhere)
}

// Check refuses another package than the one that is listed.
func (l Entry) Check(archive []byte) error {
	sum := sha256.Sum256(archive)
	if got := hex.EncodeToString(sum[:]); l.SHA256 != "" && got != l.SHA256 {
		return fmt.Errorf("its sha256 is %s, and %s in rack/charts/lock/lock.yaml (%s)", got, l.SHA256, l.Verified)
	}
	return nil
}
