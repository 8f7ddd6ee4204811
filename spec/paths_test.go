package spec

import (
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var pathStep = regexp.MustCompile(`^(?:\.?([A-Za-z0-9_-]+)|\[([0-9]+)\]|\["([^"]*)"\])`)

// leads reports whether a path leads to a value that the types have: a field by its key, an entry of a list, a key of a
// map. What stands in a patch is Talos's own.
func leads(t reflect.Type, path string) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if path == "" || t.Kind() == reflect.Interface {
		return true
	}
	step := pathStep.FindStringSubmatch(path)
	if step == nil {
		return false
	}
	rest := path[len(step[0]):]
	switch {
	case t.Kind() == reflect.Struct && step[1] != "":
		index, ok := fieldsOf(t)[step[1]]
		return ok && leads(t.FieldByIndex(index).Type, rest)
	case t.Kind() == reflect.Slice && step[2] != "", t.Kind() == reflect.Map && step[2] == "":
		return leads(t.Elem(), rest)
	}
	return false
}

// The steps of a path are words in the checks; each path that any fixture tells must be one that an editor could follow.
func TestProblems_TellPathsThatTheTypesHave(t *testing.T) {
	stack := reflect.TypeFor[Stack]()
	for path, want := range map[string]bool{
		"nodes[2].address": true, `nodes[0].labels["a.b/c"]`: true, "nodes[0].patches[0].machine.x": true, "nodes[0].mtu": true,
		"nodes[0].adress": false, "nodes.address": false, "cluster.domain[0]": false, "network.vip.x": false,
	} {
		if got := leads(stack, path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
	told := 0
	for _, dir := range []string{"invalid", "warned", "between"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			s, problems := LoadFile(file)
			for _, p := range append(problems, s.Validate()...) {
				if strings.HasPrefix(p.Message, "unknown ") || s.secretKeys[p.Path] || strings.Contains(p.Message, "written twice") {
					continue // the key is the fault
				}
				told++
				if !leads(stack, p.Path) {
					t.Errorf("%s: %s leads nowhere", filepath.Base(file), p)
				}
			}
		}
	}
	if told < 700 {
		t.Errorf("%d paths were followed", told)
	}
}
