package component

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/plan"
)

// Object is a Kubernetes object under Pulumi's management.
type Object struct {
	pulumi.CustomResourceState

	// Metadata is the object's metadata as the API server returned it.
	Metadata pulumi.MapOutput `pulumi:"metadata"`
}

// Name is the object's name, known once the object exists: an object that refers
// to this one by it is created after it.
func (o *Object) Name() pulumi.StringOutput {
	return o.Metadata.ApplyT(func(metadata map[string]any) string {
		name, _ := metadata["name"].(string)
		return name
	}).(pulumi.StringOutput)
}

// registerObject registers a step's object. A Secret's data is a Pulumi secret whatever
// it was before.
func registerObject(
	ctx *pulumi.Context, name string, step plan.Step, values map[string]pulumi.Input, opts []pulumi.ResourceOption,
) (*Object, error) {
	body, err := step.Body()
	if err != nil {
		return nil, err
	}
	props, err := withValues(body, step.From, values)
	if err != nil {
		return nil, err
	}
	if body["apiVersion"] == "v1" && body["kind"] == "Secret" {
		data := []string{"data", "stringData"}
		for _, key := range data {
			if value, ok := props[key]; ok {
				props[key] = pulumi.ToSecret(value)
			}
		}
		opts = append(opts, pulumi.AdditionalSecretOutputs(data))
	}
	var object Object
	return &object, ctx.RegisterResource(token(body), name, props, &object, opts...)
}

// token is the type under which the Kubernetes provider knows an object; it calls
// the group without a name "core".
func token(body map[string]any) string {
	apiVersion := body["apiVersion"].(string)
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	return fmt.Sprintf("kubernetes:%s:%s", apiVersion, body["kind"])
}

// withValues is plain data as Pulumi's, with the late values in their places.
func withValues(plain map[string]any, places []plan.From, values map[string]pulumi.Input) (pulumi.Map, error) {
	props := toInput(plain).(pulumi.Map)
	for _, from := range places {
		if err := put(props, from.Path, values[from.Value]); err != nil {
			return nil, err
		}
	}
	return props, nil
}

// toInput is value as Pulumi maps and arrays all the way down, so that put can
// reach into it; pulumi.ToMap converts the first level alone.
func toInput(value any) pulumi.Input {
	switch v := value.(type) {
	case map[string]any:
		converted := make(pulumi.Map, len(v))
		for key, child := range v {
			converted[key] = toInput(child)
		}
		return converted
	case []any:
		converted := make(pulumi.Array, len(v))
		for i, child := range v {
			converted[i] = toInput(child)
		}
		return converted
	default:
		return pulumi.Any(v)
	}
}

// put sets the value at a path. Maps on the way are made when they are missing.
func put(props pulumi.Map, path []string, value pulumi.Input) error {
	for _, key := range path[:len(path)-1] {
		child, ok := props[key]
		if !ok {
			child = pulumi.Map{}
			props[key] = child
		}
		next, ok := child.(pulumi.Map)
		if !ok {
			return fmt.Errorf("%s: %s is not a map", strings.Join(path, "."), key)
		}
		props = next
	}
	props[path[len(path)-1]] = value
	return nil
}
