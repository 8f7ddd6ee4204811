package facts

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed records/*.yaml
var records embed.FS

// header stands before every record.
const header = "# Recorded from the genuine chart by rack/cmd/rack-charts; do not edit.\n"

// File is the name of the record of a chart in a version.
func File(chart, version string) string { return chart + "-" + version + ".yaml" }

// Of are the facts of a chart in a version.
func Of(chart, version string) (*Facts, error) {
	content, err := records.ReadFile(path.Join("records", File(chart, version)))
	if errors.Is(err, fs.ErrNotExist) {
		text := fmt.Sprintf("there are no facts of %s %s", chart, version)
		if others := Versions(chart); len(others) > 0 {
			text += ", only of " + strings.Join(others, ", ")
		}
		return nil, fmt.Errorf("%s; record them with: go run -C rack ./cmd/rack-charts record -chart %s-%s.tgz", text, chart, version)
	}
	if err != nil {
		return nil, err
	}
	return Read(content)
}

// Read reads a record.
func Read(content []byte) (*Facts, error) {
	var f Facts
	if err := yaml.UnmarshalStrict(content, &f); err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	f.Values.typed()
	return &f, nil
}

// Write is the record of the facts.
func (f *Facts) Write() ([]byte, error) {
	content, err := yaml.Marshal(f)
	return append([]byte(header), content...), err
}

// Versions are those of a chart that there are facts of.
func Versions(chart string) []string {
	entries, err := records.ReadDir("records")
	if err != nil {
		return nil
	}
	var found []string
	for _, entry := range entries {
		content, err := records.ReadFile(path.Join("records", entry.Name()))
		if err != nil || !strings.HasPrefix(entry.Name(), chart+"-") {
			continue
		}
		if f, err := Read(content); err == nil && f.Chart == chart {
			found = append(found, f.Version)
		}
	}
	slices.Sort(found)
	return found
}
