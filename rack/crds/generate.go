package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-tools/pkg/crd"
	"sigs.k8s.io/controller-tools/pkg/loader"
)

// generate makes a set's definitions, sorted by name.
func (s set) generate(t *types) ([]apiextensions.CustomResourceDefinition, error) {
	roots, err := t.of(s)
	if err != nil {
		return nil, err
	}
	parser := &crd.Parser{
		Collector: t.collector,
		Checker:   &loader.TypeChecker{NodeFilters: []loader.NodeFilter{crd.Generator{}.CheckFilter()}},
		// Upstreams that use floats or ports of type uint say so to their generator as well.
		AllowDangerousTypes:        true,
		GenerateEmbeddedObjectMeta: s.embeddedMetadata,
	}
	crd.AddKnownTypes(parser)
	for _, root := range roots {
		parser.NeedPackage(root)
		if part := root.Imports()[s.imports]; part != nil {
			parser.NeedPackage(part)
		}
	}
	for _, info := range parser.Types {
		complete(info)
	}
	meta := crd.FindMetav1(roots)
	if meta == nil {
		return nil, errors.New("its packages hold no Kubernetes kinds")
	}
	var definitions []apiextensions.CustomResourceDefinition
	for _, kind := range crd.FindKubeKinds(parser, meta) {
		// Kinds of another group are those that the types refer to; without one, they are no API at all.
		if !slices.Contains(s.groups, kind.Group) || slices.Contains(s.not, kind.Kind) {
			continue
		}
		parser.NeedCRDFor(kind, &noDescriptions)
		definition := parser.CustomResourceDefinitions[kind]
		crd.FixTopLevelMetadata(definition)
		if s.amend != nil {
			s.amend(&definition)
		}
		definitions = append(definitions, definition)
	}
	for _, root := range roots {
		for _, problem := range root.Errors {
			// Only the parts of a package that make schemas are checked, so its functions look incomplete.
			if problem.Kind != packages.TypeError {
				err = errors.Join(err, fmt.Errorf("%s: %w", root.PkgPath, error(problem)))
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if len(definitions) == 0 {
		return nil, fmt.Errorf("no kind of %s in its packages", strings.Join(s.groups, " or "))
	}
	slices.SortFunc(definitions, func(a, b apiextensions.CustomResourceDefinition) int { return strings.Compare(a.Name, b.Name) })
	return definitions, nil
}

// noDescriptions leaves the prose out: nobody reads it in a rehearsal, and it is most of the bytes that each API server
// keeps in memory.
var noDescriptions = 0
