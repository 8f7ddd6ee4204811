// Package manifest is the bridge from the ecosystem's own Kubernetes Go types
// to Pulumi resources. A component fills in a corev1.Namespace or a cert-manager
// Certificate, and New registers it; nothing is written as a map by hand, and
// the generated Pulumi package of every Kubernetes kind stays out of the build.
package manifest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/documents"
)

// Resource is a Kubernetes object under Pulumi's management.
type Resource struct {
	pulumi.CustomResourceState

	// Metadata is the object's metadata as the API server returned it.
	Metadata pulumi.MapOutput `pulumi:"metadata"`
}

// Name is the object's name, known once the object exists: an object that refers
// to this one by it is created after it.
func (r *Resource) Name() pulumi.StringOutput {
	return r.Metadata.ApplyT(func(metadata map[string]any) string {
		name, _ := metadata["name"].(string)
		return name
	}).(pulumi.StringOutput)
}

// Field puts a value that another resource produces into an object.
type Field struct {
	// Path leads from the object's root to the value: "stringData", "token".
	// Maps on the way are created when they are missing; lists cannot be entered.
	Path []string
	// Value stays secret when it is, and unknown while it is.
	Value pulumi.Input
}

// New registers obj, which is any struct that marshals to one Kubernetes object,
// with its apiVersion, kind and metadata.name set. A Secret's data is a Pulumi
// secret whatever it was before. opts must name the provider: without one, the
// object would go wherever the user's own kubeconfig points.
func New(ctx *pulumi.Context, name string, obj any, opts ...pulumi.ResourceOption) (*Resource, error) {
	return NewWith(ctx, name, obj, nil, opts...)
}

// NewWith is New for an object of which some values are outputs of other
// resources.
func NewWith(
	ctx *pulumi.Context, name string, obj any, fields []Field, opts ...pulumi.ResourceOption,
) (*Resource, error) {
	if given, err := pulumi.NewResourceOptions(opts...); err != nil || given.Provider == nil {
		return nil, errors.Join(fmt.Errorf("manifest %s: no provider is given", name), err)
	}
	plain, err := plainObject(obj)
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", name, err)
	}

	props := toInput(plain).(pulumi.Map)
	for _, field := range fields {
		if err := set(props, field); err != nil {
			return nil, fmt.Errorf("manifest %s: %w", name, err)
		}
	}

	if plain["apiVersion"] == "v1" && plain["kind"] == "Secret" {
		for _, key := range []string{"data", "stringData"} {
			if value, ok := props[key]; ok {
				props[key] = pulumi.ToSecret(value)
			}
		}
		opts = append(opts, pulumi.AdditionalSecretOutputs([]string{"data", "stringData"}))
	}

	var res Resource
	if err := ctx.RegisterResource(token(plain), name, props, &res, opts...); err != nil {
		return nil, fmt.Errorf("manifest %s: %w", name, err)
	}
	return &res, nil
}

// token is the type under which the Kubernetes provider knows an object; it calls
// the group without a name "core".
func token(plain map[string]any) string {
	apiVersion := plain["apiVersion"].(string)
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	return fmt.Sprintf("kubernetes:%s:%s", apiVersion, plain["kind"])
}

// plainObject is obj as it is sent.
func plainObject(obj any) (map[string]any, error) {
	plain, err := documents.Object(obj)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, key := range []string{"apiVersion", "kind"} {
		if s, _ := plain[key].(string); s == "" {
			errs = append(errs, fmt.Errorf("%T: %s is empty", obj, key))
		}
	}
	metadata, _ := plain["metadata"].(map[string]any)
	if s, _ := metadata["name"].(string); s == "" {
		errs = append(errs, fmt.Errorf("%T: metadata.name is empty", obj))
	}
	return plain, errors.Join(errs...)
}

// toInput is value as Pulumi maps and arrays all the way down, so that set can
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

func set(props pulumi.Map, field Field) error {
	if len(field.Path) == 0 {
		return errors.New("a field without a path")
	}
	for _, key := range field.Path[:len(field.Path)-1] {
		child, ok := props[key]
		if !ok {
			child = pulumi.Map{}
			props[key] = child
		}
		next, ok := child.(pulumi.Map)
		if !ok {
			return fmt.Errorf("%s: %s is not a map", strings.Join(field.Path, "."), key)
		}
		props = next
	}
	props[field.Path[len(field.Path)-1]] = field.Value
	return nil
}
