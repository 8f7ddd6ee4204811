package gatewayapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Object is one object of a release's manifest.
type Object map[string]any

// Name is the object's name.
func (o Object) Name() string {
	metadata, _ := o["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// kinds are what a release may consist of: its kinds, and the policy that guards
// them against a mixture of releases.
var kinds = map[string]bool{
	"CustomResourceDefinition":         true,
	"ValidatingAdmissionPolicy":        true,
	"ValidatingAdmissionPolicyBinding": true,
}

// Parse reads a release's manifest. What arrives over the network is applied with
// full rights over the cluster, so that anything but kinds of the Gateway API is
// refused.
func Parse(data []byte) ([]Object, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var objects []Object
	for {
		// Not an Object: the decoder would make Objects of all maps inside it too.
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not a manifest: %w", err)
		}
		if len(document) == 0 {
			continue
		}
		object := Object(document)
		if err := object.check(); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	if len(objects) == 0 {
		return nil, errors.New("not a manifest: it holds no object")
	}
	return objects, nil
}

func (o Object) check() error {
	kind, _ := o["kind"].(string)
	ours := slices.ContainsFunc(Groups(), func(group string) bool { return strings.HasSuffix(o.Name(), "."+group) })
	if !kinds[kind] || !ours {
		return fmt.Errorf("it holds %s %q, which is no kind of the Gateway API", kind, o.Name())
	}
	return nil
}
