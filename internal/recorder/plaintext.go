package recorder

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// PlaintextOf lists where any of needles occurs outside of a secret, in an input
// ("TYPE NAME: PATH"), in what a component or the stack gives out ("URN: PATH")
// or in a message. A test hands it every secret that it gave to the program and
// expects nothing back.
func (r *Recorder) PlaintextOf(needles ...string) []string {
	var found []string
	search := func(where string, in resource.PropertyMap) {
		walkPlain(resource.NewProperty(in), "", func(path, text string) {
			for _, needle := range needles {
				if needle != "" && strings.Contains(text, needle) {
					found = append(found, where+": "+path)
					return
				}
			}
		})
	}
	for _, res := range r.Resources() {
		search(res.Type+" "+res.Name, res.Inputs)
	}
	for i, message := range r.Messages() {
		search(fmt.Sprintf("message %d", i), resource.PropertyMap{"text": resource.NewProperty(message)})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for urn, outputs := range r.outputs {
		search(urn, outputs)
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
