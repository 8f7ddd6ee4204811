package charts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// ofTree are the charts whose versions the tree names itself, with an OCIRepository.
func ofTree(tree fs.FS, o Options) ([]Chart, error) {
	var all []Chart
	var errs []error
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".yaml" {
			return err
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		sources, err := chartSources(content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, s := range sources {
			c, err := s.chart(o)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
				continue
			}
			all = append(all, c)
		}
		return nil
	})
	return all, errors.Join(err, errors.Join(errs...))
}

// source is an OCIRepository, as far as it matters here.
type source struct {
	Kind string `yaml:"kind"`
	Spec struct {
		URL string `yaml:"url"`
		Ref struct {
			Tag string `yaml:"tag"`
		} `yaml:"ref"`
		LayerSelector struct {
			MediaType string `yaml:"mediaType"`
		} `yaml:"layerSelector"`
	} `yaml:"spec"`
}

// chartSources are the OCIRepositories in a file that are charts of a version of their own.
func chartSources(content []byte) ([]source, error) {
	var found []source
	if !bytes.Contains(content, []byte("kind: OCIRepository")) {
		return nil, nil
	}
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var s source
		err := decoder.Decode(&s)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if s.Kind == "OCIRepository" && strings.Contains(s.Spec.LayerSelector.MediaType, "helm.chart") && !strings.Contains(s.Spec.Ref.Tag, "${") {
			found = append(found, s)
		}
	}
}

// chart is what the source names.
func (s source) chart(o Options) (Chart, error) {
	for _, r := range table {
		if s.Spec.URL == r.place() {
			return r.packaged(spec.Version(s.Spec.Ref.Tag), o)
		}
	}
	return Chart{}, fmt.Errorf("there is no stand-in for %s; add a row to rack/charts/table.go and a folder of templates", s.Spec.URL)
}
