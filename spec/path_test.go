package spec

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestPaths_ReadAsPeopleWriteThem(t *testing.T) {
	labels := nodePath(2).Child("labels")
	for want, path := range map[string]*field.Path{
		"":                              nil,
		"nodes[2].labels.rack":          entry(labels, "rack"),
		`nodes[2].labels["a.b/c"]`:      entry(labels, "a.b/c"),
		`nodes[2].labels[""]`:           entry(labels, ""),
		`nodes[2].labels["a \"word\""]`: entry(labels, `a "word"`),
		"cluster":                       entry(nil, "cluster"),
		`["a:b"]`:                       entry(nil, "a:b"),
		"patches[0]":                    (*field.Path)(nil).Child("patches").Index(0),
	} {
		if got := textOf(path); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
