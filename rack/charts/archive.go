package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/spec"
)

//go:embed all:shared */values.yaml all:*/templates
var sources embed.FS

// archive packages the chart. It is made by hand, for Helm writes the time of day into each: a chart that did not change
// must keep its digest.
func (r row) archive(version spec.Version, crdDir string) ([]byte, error) {
	files, err := r.files(version, crdDir)
	if err != nil {
		return nil, err
	}
	return pack(r.name, files)
}

// archived packages a chart that Helm has read.
func archived(c *chart.Chart) ([]byte, error) {
	files := map[string][]byte{}
	for _, f := range c.Raw {
		files[f.Name] = f.Data
	}
	return pack(c.Name(), files)
}

// pack makes an archive of the files under one folder.
func pack(folder string, files map[string][]byte) ([]byte, error) {
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	tw := tar.NewWriter(gz)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: path.Join(folder, name), Mode: 0o644, Size: int64(len(files[name]))}
		if err := tw.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := tw.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(tw.Close(), gz.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// files are the chart's, by their names in it.
func (r row) files(version spec.Version, crdDir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for folder, into := range map[string]string{r.name: "", "shared": "templates"} {
		err := fs.WalkDir(sources, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := sources.ReadFile(name)
			files[path.Join(into, strings.TrimPrefix(name, folder+"/"))] = content
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	metadata, err := yaml.Marshal(chart.Metadata{
		APIVersion: chart.APIVersionV2, Name: r.name, Version: string(version), AppVersion: string(version),
		Description: "A stand-in of the rack for the chart of this name",
	})
	if err != nil {
		return nil, err
	}
	files["Chart.yaml"] = metadata
	if files["facts.json"], err = r.facts(version); err != nil {
		return nil, err
	}
	if files["values.schema.json"], err = schema(files["values.yaml"]); err != nil {
		return nil, fmt.Errorf("values.yaml: %w", err)
	}
	return files, r.addKinds(files, version, crdDir)
}

// facts are what the genuine chart becomes, a release each, as an array. The templates take from there what workloads and
// Services are like. A version that nobody has recorded is taken to be as the last one that somebody has.
func (r row) facts(version spec.Version) ([]byte, error) {
	recorded := facts.Versions(r.name)
	if len(recorded) == 0 {
		return []byte("[]"), nil
	}
	nearest := recorded[len(recorded)-1]
	if slices.Contains(recorded, string(version)) {
		nearest = string(version)
	}
	f, err := facts.Of(r.name, nearest)
	if err != nil {
		return nil, err
	}
	return json.Marshal(f.Releases)
}

// addKinds adds the definitions that come with the chart in a version.
func (r row) addKinds(files map[string][]byte, version spec.Version, crdDir string) error {
	folder := "definitions"
	if r.installOnly {
		folder = "crds"
	}
	sets := slices.Clone(r.kinds)
	for set, first := range r.kindsSince {
		if version.Reaches(first) {
			sets = append(sets, set)
		}
	}
	for _, set := range sets {
		names, err := filepath.Glob(filepath.Join(crdDir, set, "*.yaml"))
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return fmt.Errorf("%s holds no definitions; write them with: go run -C rack/crds . -out %s", filepath.Join(crdDir, set), crdDir)
		}
		for _, name := range names {
			content, err := os.ReadFile(filepath.Clean(name))
			if err != nil {
				return err
			}
			if files[path.Join(folder, filepath.Base(name))], err = marked(content); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// marked gives a definition the annotation that every object of a stand-in carries.
func marked(definition []byte) ([]byte, error) {
	var object struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
		Spec       map[string]any `json:"spec"`
	}
	if err := yaml.UnmarshalStrict(definition, &object); err != nil {
		return nil, err
	}
	annotations, _ := object.Metadata["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
	}
	annotations[annotation] = "true"
	object.Metadata["annotations"] = annotations
	// JSON is YAML that loads faster, and these are long.
	return json.Marshal(object)
}

// annotation is on every object; shared/_objects.tpl writes it as well.
const annotation = "rack.home-ops/stand-in"
