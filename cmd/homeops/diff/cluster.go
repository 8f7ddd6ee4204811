package diff

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/cmd/homeops/render"
)

// components compares what Pulumi puts into the cluster.
func components(before, after render.Files) ([]Component, error) {
	found := map[string]*Component{}
	in := func(file string) *Component {
		name, _, _ := strings.Cut(file, "/")
		if found[name] == nil {
			found[name] = &Component{Component: name}
		}
		return found[name]
	}
	var errs []error
	for _, file := range changed(before, after) {
		switch {
		case path.Base(path.Dir(file)) == "values":
			release, err := compareRelease(file, before[file], after[file])
			errs = append(errs, err)
			if release.Action != Changed || len(release.Changes) > 0 || release.ChartBefore != release.ChartAfter {
				in(file).Releases = append(in(file).Releases, release)
			}
		case path.Base(file) == "objects.yaml":
			objects, err := compareObjects(file, before[file], after[file])
			errs = append(errs, err)
			if len(objects) > 0 {
				in(file).Objects = objects
			}
		}
	}
	var all []Component
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[name])
	}
	return all, errors.Join(errs...)
}

// changed are the files of which the content differs, in order.
func changed(before, after render.Files) []string {
	names := map[string]bool{}
	for file, content := range before {
		other, kept := after[file]
		if !kept || string(other) != string(content) {
			names[file] = true
		}
	}
	for file := range after {
		if _, had := before[file]; !had {
			names[file] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func action(before, after bool) Action {
	switch {
	case !before:
		return Added
	case !after:
		return Removed
	default:
		return Changed
	}
}

func compareRelease(file string, before, after []byte) (Release, error) {
	headBefore, valuesBefore, err := readRelease(file, before)
	if err != nil {
		return Release{}, err
	}
	headAfter, valuesAfter, err := readRelease(file, after)
	if err != nil {
		return Release{}, err
	}
	release := Release{Action: action(before != nil, after != nil), ChartBefore: headBefore.chart, ChartAfter: headAfter.chart}
	if release.Release = headAfter.name; after == nil {
		release.Release = headBefore.name
	}
	if release.Action == Changed {
		release.Changes = compareMaps("", valuesBefore, valuesAfter)
	}
	return release, nil
}

// head is the first line of a file with the values of a release.
type head struct{ name, chart string }

func readRelease(file string, content []byte) (head, map[string]any, error) {
	if content == nil {
		return head{}, nil, nil
	}
	line, rest, _ := strings.Cut(string(content), "\n")
	text, ok := strings.CutPrefix(line, "# Release ")
	name, chart, both := strings.Cut(text, " of ")
	if !ok || !both {
		return head{}, nil, fmt.Errorf("%s: its first line does not name the release and its chart", file)
	}
	all, err := documents(file, []byte(rest))
	if err != nil {
		return head{}, nil, err
	}
	values := map[string]any{}
	if len(all) > 0 {
		values = all[0]
	}
	return head{name, chart}, values, nil
}

// compareObjects pairs the objects of two files by what they are.
func compareObjects(file string, before, after []byte) ([]Object, error) {
	objectsBefore, err := documents(file, before)
	if err != nil {
		return nil, err
	}
	objectsAfter, err := documents(file, after)
	if err != nil {
		return nil, err
	}
	key := func(object map[string]any) string {
		group, _, ok := strings.Cut(text(object, "apiVersion"), "/")
		if !ok {
			group = ""
		}
		return group + " " + called(object)
	}
	byKey := map[string]map[string]any{}
	for _, object := range objectsBefore {
		byKey[key(object)] = object
	}
	var all []Object
	seen := map[string]bool{}
	for _, object := range objectsAfter {
		seen[key(object)] = true
		old, had := byKey[key(object)]
		if !had {
			all = append(all, Object{Object: called(object), Action: Added})
			continue
		}
		if changes := compareMaps("", old, object); len(changes) > 0 {
			all = append(all, Object{Object: called(object), Action: Changed, Changes: changes})
		}
	}
	for _, object := range objectsBefore {
		if !seen[key(object)] {
			all = append(all, Object{Object: called(object), Action: Removed})
		}
	}
	return all, nil
}

// kustomizations compares what Flux applies.
func kustomizations(before, after render.Files) ([]Kustomization, error) {
	var all []Kustomization
	var errs []error
	for _, file := range changed(before, after) {
		name, ok := strings.CutPrefix(file, "tree/")
		if !ok {
			continue
		}
		objects, err := compareObjects(file, before[file], after[file])
		errs = append(errs, err)
		if len(objects) == 0 {
			continue
		}
		all = append(all, Kustomization{
			Kustomization: strings.TrimSuffix(name, ".yaml"),
			Action:        action(before[file] != nil, after[file] != nil),
			Objects:       objects,
		})
	}
	return all, errors.Join(errs...)
}
