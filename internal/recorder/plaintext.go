package recorder

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// PlaintextOf lists where any of needles occurs in a recorded input outside of a
// secret, one "TYPE NAME: PATH" each. A test hands it every secret that it gave
// to the program and expects nothing back.
func (r *Recorder) PlaintextOf(needles ...string) []string {
	var found []string
	for _, res := range r.Resources() {
		walkPlain(resource.NewProperty(res.Inputs), "", func(path, text string) {
			for _, needle := range needles {
				if needle != "" && strings.Contains(text, needle) {
					found = append(found, fmt.Sprintf("%s %s: %s", res.Type, res.Name, path))
					return
				}
			}
		})
	}
	return found
}

func walkPlain(v resource.PropertyValue, path string, visit func(path, text string)) {
	switch {
	case v.IsSecret(), v.IsOutput() && v.OutputValue().Secret:
	case v.IsString():
		visit(path, v.StringValue())
	case v.IsArray():
		for i, element := range v.ArrayValue() {
			walkPlain(element, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case v.IsObject():
		for key, value := range v.ObjectValue() {
			walkPlain(value, strings.TrimPrefix(path+"."+string(key), "."), visit)
		}
	}
}

// Value is the input at key, with whether it is secret; the zero value when the
// resource has none.
func (r Resource) Value(key resource.PropertyKey) (value resource.PropertyValue, secret bool) {
	v := r.Inputs[key]
	if v.IsSecret() {
		return v.SecretValue().Element, true
	}
	return v, false
}
