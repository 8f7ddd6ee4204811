package recorder

import (
	"slices"
	"strings"
	"testing"
)

// Find is the one registration of that name; without it the test ends.
func (r *Recorder) Find(t testing.TB, name string) Resource {
	t.Helper()
	for _, resource := range r.Resources() {
		if resource.Name == name {
			return resource
		}
	}
	t.Fatalf("no %s among %v", name, r.Names())
	return Resource{}
}

// Dependencies are the names of what a resource waits for, in order.
func (r Resource) Dependencies() []string {
	names := []string{}
	for _, urn := range r.Request.GetDependencies() {
		names = append(names, urn[strings.LastIndex(urn, "::")+2:])
	}
	slices.Sort(names)
	return names
}
