package diff

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/home-ops/home-ops/cmd/homeops/render"
)

// machines compares the machine configs, several at a time: they are most of what there
// is to compare.
func machines(before, after render.Files) ([]Machine, error) {
	nodes := map[string]bool{}
	for _, files := range []render.Files{before, after} {
		for file := range files {
			if path.Dir(file) == "talos" {
				nodes[file] = true
			}
		}
	}
	var (
		mu    sync.Mutex
		wait  sync.WaitGroup
		found []Machine
		fault error
	)
	slots := make(chan struct{}, 4)
	for file := range nodes {
		if string(before[file]) == string(after[file]) {
			continue
		}
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			machine, err := compareMachine(file, before[file], after[file])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fault = err
			}
			if len(machine.Changes) > 0 || machine.Effect >= Join {
				found = append(found, machine)
			}
		})
	}
	wait.Wait()
	slices.SortFunc(found, func(a, b Machine) int { return strings.Compare(a.Node, b.Node) })
	return found, fault
}

func compareMachine(file string, before, after []byte) (Machine, error) {
	machine := Machine{Node: strings.TrimSuffix(path.Base(file), ".yaml")}
	switch {
	case before == nil:
		machine.Effect = Join
		return machine, nil
	case after == nil:
		machine.Effect = Leave
		return machine, nil
	}
	documentsBefore, err := machineDocuments(file, before)
	if err != nil {
		return machine, err
	}
	documentsAfter, err := machineDocuments(file, after)
	if err != nil {
		return machine, err
	}
	minor := talosMinor(documentsBefore)
	names := map[string]bool{}
	for _, documents := range []map[string]map[string]any{documentsBefore, documentsAfter} {
		for name := range documents {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		kind, _, _ := strings.Cut(name, " ")
		for _, change := range compareMaps("", documentsBefore[name], documentsAfter[name]) {
			effect := effectOf(minor, kind, change.Path)
			machine.Changes = append(machine.Changes, MachineChange{Document: name, Change: change, Effect: effect})
			machine.Effect = max(machine.Effect, effect)
		}
	}
	return machine, nil
}

// machineDocuments are the documents of a machine config: that of v1alpha1 by the empty
// name, the others by KIND or KIND NAME.
func machineDocuments(file string, content []byte) (map[string]map[string]any, error) {
	all, err := documents(file, content)
	byName := map[string]map[string]any{}
	for _, document := range all {
		name := text(document, "kind")
		if called := text(document, "name"); called != "" {
			name += " " + called
		}
		byName[name] = document
	}
	return byName, err
}

var imageVersion = regexp.MustCompile(`:v1\.(\d+)\.`)

// talosMinor is the minor of the Talos that a config installs; 0 where it does not say.
func talosMinor(documents map[string]map[string]any) int {
	image := cmp.Or(text(documents["UnattendedInstallConfig"], "installer", "image"), text(documents[""], "machine", "install", "image"))
	found := imageVersion.FindStringSubmatch(image)
	if found == nil {
		return 0
	}
	minor, _ := strconv.Atoi(found[1])
	return minor
}
