package promrules

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed metrics
var recorded embed.FS

// record is what one program exposes, as far as anybody asks for it, and how it is scraped.
type record struct {
	// Exporter is the program.
	Exporter string `yaml:"exporter"`
	// Versions are those of Pinned at which the metrics were read.
	Versions []string `yaml:"versions"`
	// Pinned is where the repository says which version runs.
	Pinned struct {
		// File is a path in the repository.
		File string `yaml:"file"`
		// Before is what stands before the version in a line of it.
		Before string `yaml:"before"`
	} `yaml:"pinned"`
	// Source is where the metrics were read, and Recorded how.
	Source   string `yaml:"source"`
	Recorded string `yaml:"recorded"`
	Scrape   scrape `yaml:"scrape"`
	// Metrics are the labels of each metric, as the program exposes it.
	Metrics map[string][]string `yaml:"metrics"`
}

// scrape is what becomes of labels when the program is scraped.
type scrape struct {
	// Monitor is the object that has it scraped, a path in the repository or the name of an object of a chart.
	Monitor string `yaml:"monitor"`
	// HonorLabels has labels of the metric win over those of the target. Otherwise the metric's are renamed, to
	// exported_NAME. Where Monitor is a file, it says so.
	HonorLabels bool `yaml:"honorLabels"`
	// Labels are those of the target.
	Labels []string `yaml:"labels"`
}

// readRecords reads the records of this package.
func readRecords() ([]record, error) {
	files, err := fs.Glob(recorded, "metrics/*.yaml")
	if err != nil {
		return nil, err
	}
	var records []record
	for _, file := range files {
		content, err := recorded.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var r record
		decoder := yaml.NewDecoder(bytes.NewReader(content))
		decoder.KnownFields(true)
		if err := decoder.Decode(&r); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		records = append(records, r)
	}
	return records, nil
}

// series is what a metric looks like in Prometheus.
type series struct {
	// labels are all that it has.
	labels []string
	// renamed are the labels of the metric that a scrape has renamed, as the target has others of these names.
	renamed []string
}

// scraped are the series of each metric, once they are scraped.
func scraped(records []record) map[string]series {
	all := map[string]series{}
	for _, r := range records {
		for metric, of := range r.Metrics {
			s := series{labels: slices.Clone(r.Scrape.Labels)}
			for _, label := range of {
				collides := slices.Contains(r.Scrape.Labels, label)
				switch {
				case collides && r.Scrape.HonorLabels:
					continue
				case collides:
					label = renamedPrefix + label
					s.renamed = append(s.renamed, label)
				}
				s.labels = append(s.labels, label)
			}
			slices.Sort(s.labels)
			all[metric] = s
		}
	}
	return all
}

// renamedPrefix is what Prometheus puts before a label of a metric that the target has as well.
const renamedPrefix = "exported_"

// checkPin says where the repository runs another version than was recorded.
func (r *record) checkPin(repository fs.FS) error {
	content, err := fs.ReadFile(repository, r.Pinned.File)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Exporter, err)
	}
	for line := range strings.Lines(string(content)) {
		version, ok := strings.CutPrefix(strings.TrimSpace(line), r.Pinned.Before)
		if !ok {
			continue
		}
		if slices.Contains(r.Versions, version) {
			return nil
		}
		return fmt.Errorf("%s: %s has %s%s, and its metrics are recorded at %s; read them again at %s, and add the version",
			r.Exporter, r.Pinned.File, r.Pinned.Before, version, strings.Join(r.Versions, ", "), r.Source)
	}
	return fmt.Errorf("%s: %s has no line %q", r.Exporter, r.Pinned.File, r.Pinned.Before)
}
