package main

import (
	"errors"
	"fmt"

	"sigs.k8s.io/controller-tools/pkg/crd"
	"sigs.k8s.io/controller-tools/pkg/loader"
	"sigs.k8s.io/controller-tools/pkg/markers"
)

// types are the Go packages of every set, read once: most of them share the same Kubernetes packages.
type types struct {
	packages  map[string]*loader.Package
	collector *markers.Collector
}

func load(sets []set) (*types, error) {
	var paths []string
	for _, set := range sets {
		paths = append(paths, set.packages...)
	}
	roots, err := loader.LoadRoots(paths...)
	if err != nil {
		return nil, fmt.Errorf("read the Go types: %w", err)
	}
	t := &types{packages: map[string]*loader.Package{}, collector: &markers.Collector{Registry: &markers.Registry{}}}
	if err := (crd.Generator{}).RegisterMarkers(t.collector.Registry); err != nil {
		return nil, fmt.Errorf("markers: %w", err)
	}
	if err := registerAlternatives(t.collector.Registry); err != nil {
		return nil, fmt.Errorf("markers: %w", err)
	}
	for _, root := range roots {
		for _, problem := range root.Errors {
			return nil, fmt.Errorf("read the Go types: %w", error(problem))
		}
		t.packages[root.PkgPath] = root
	}
	return t, nil
}

// of are the packages of a set.
func (t *types) of(s set) ([]*loader.Package, error) {
	var roots []*loader.Package
	var errs []error
	for _, path := range s.packages {
		root, ok := t.packages[path]
		if !ok {
			errs = append(errs, fmt.Errorf("package %s was not found", path))
			continue
		}
		roots = append(roots, root)
	}
	return roots, errors.Join(errs...)
}
