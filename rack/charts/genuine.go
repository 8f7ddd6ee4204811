package charts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/charts/lock"
)

// genuine is the chart as its publisher made it, out of the folder or a module; nil where neither has it.
func genuine(l lock.Entry, o Options) (*chart.Chart, error) {
	if o.Genuine != "" {
		file := filepath.Join(o.Genuine, l.File())
		archive, err := os.ReadFile(filepath.Clean(file))
		if err == nil {
			c, err := open(l, archive)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			return c, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if l.Module == nil || o.Modules[l.Module.Path] == "" {
		return nil, nil
	}
	c, err := ofModule(l, o.Modules[l.Module.Path])
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", l.Module.Path, err)
	}
	return c, nil
}

// open reads a package, and refuses one of another chart or version than its name says.
func open(l lock.Entry, archive []byte) (*chart.Chart, error) {
	if err := l.Check(archive); err != nil {
		return nil, err
	}
	c, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	if c.Name() != l.Name() || c.Metadata.Version != l.Version {
		return nil, fmt.Errorf("it holds %s %s", c.Name(), c.Metadata.Version)
	}
	return c, nil
}

// ofModule puts the chart together from a module's folder, as the project does for its releases.
func ofModule(l lock.Entry, dir string) (*chart.Chart, error) {
	var files []*loader.BufferedFile
	root := filepath.Join(dir, filepath.FromSlash(l.Module.Folder))
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		files = append(files, &loader.BufferedFile{Name: filepath.ToSlash(relative), Data: content})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.Name != "Chart.yaml" && f.Name != "Chart.template.yaml" {
			continue
		}
		metadata, err := released(f.Data, l.Version)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		f.Name, f.Data = "Chart.yaml", metadata
	}
	return loader.LoadFiles(files)
}

// released is a Chart.yaml with the version that a release gives it.
func released(text []byte, version string) ([]byte, error) {
	var metadata chart.Metadata
	if err := yaml.Unmarshal(text, &metadata); err != nil {
		return nil, err
	}
	if placeholder := "v0.0.0"; metadata.Version == placeholder {
		metadata.Version, metadata.AppVersion = version, version
	}
	if metadata.Version != version {
		return nil, fmt.Errorf("the chart's version is %s, not %s", metadata.Version, version)
	}
	return yaml.Marshal(metadata)
}
