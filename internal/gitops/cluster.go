package gitops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

// Object is one thing that Flux applies.
type Object struct {
	*unstructured.Unstructured

	// File is where it is written, in the repository.
	File string
	// By is the Kustomization that applies it.
	By *Kustomization
}

// Where names an object for a person: FILE: KIND NAMESPACE/NAME.
func (o Object) Where() string {
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	return fmt.Sprintf("%s: %s %s", o.File, o.GetKind(), name)
}

// Cluster is everything that Flux applies to one cluster.
type Cluster struct {
	// Root is the repository's directory.
	Root string
	// Kustomizations are those that Flux follows, the root first.
	Kustomizations []*Kustomization
	// Objects are all objects, Kustomizations among them, after substitution.
	Objects []Object
	// Used are the names of the settings that the objects use.
	Used map[string]bool
}

// Settings are the values that take the place of ${NAME}, by name: the public ones of
// the ConfigMap cluster-settings, and those of the Secret cluster-secrets.
type Settings struct {
	Public, Secret map[string]string
}

// Load reads what Flux would apply to a cluster, out of the repository in root. It begins
// with the Kustomization first, which FluxBootstrap makes. The problems are those of
// reading; what could be read is there all the same.
func Load(root string, first *Kustomization, settings Settings) (*Cluster, []error) {
	c := &Cluster{Root: root, Used: map[string]bool{}}
	var problems []error
	for queue := []*Kustomization{first}; len(queue) > 0; queue = queue[1:] {
		k := queue[0]
		c.Kustomizations = append(c.Kustomizations, k)
		built, err := build(root, k)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, r := range built {
			object, err := c.read(k, r, settings)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			c.Objects = append(c.Objects, object)
			if isKustomization(object) {
				child, err := readKustomization(object)
				if err != nil {
					problems = append(problems, err)
					continue
				}
				queue = append(queue, child)
			}
		}
	}
	return c, problems
}

func (c *Cluster) read(k *Kustomization, r *resource.Resource, settings Settings) (Object, error) {
	file, err := origin(k.folder(), r)
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", k.folder(), err)
	}
	raw, err := r.MarshalJSON()
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", file, err)
	}
	object := objectOf(nil, file)
	object.By = k
	values, ok := values(k, settings)
	if !ok || !bytes.Contains(raw, []byte("${")) {
		if err := json.Unmarshal(raw, &object.Object); err != nil {
			return object, fmt.Errorf("%s: %s %s: %w", file, r.GetKind(), r.GetName(), err)
		}
		return object, nil
	}
	// Flux substitutes in the object's YAML, where a value may become anything.
	text, err := yaml.JSONToYAML(raw)
	if err != nil {
		return object, fmt.Errorf("%s: %w", file, err)
	}
	substituted, err := substitute(string(text), values, c.Used)
	if err != nil {
		return object, fmt.Errorf("%s: %s %s: %w", file, r.GetKind(), r.GetName(), err)
	}
	if err := yaml.Unmarshal([]byte(substituted), &object.Object); err != nil {
		return object, fmt.Errorf("%s: %s %s is no YAML after substitution; write ${quote}${NAME}${quote}: %w",
			file, r.GetKind(), r.GetName(), err)
	}
	return object, nil
}

// values are what k substitutes, if it substitutes at all.
func values(k *Kustomization, settings Settings) (map[string]string, bool) {
	post := k.Spec.PostBuild
	if post == nil {
		return nil, false
	}
	merged := map[string]string{}
	for _, from := range post.SubstituteFrom {
		switch from.Kind + "/" + from.Name {
		case "ConfigMap/cluster-settings":
			maps.Copy(merged, settings.Public)
		case "Secret/cluster-secrets":
			maps.Copy(merged, settings.Secret)
		}
	}
	maps.Copy(merged, post.Substitute)
	return merged, true
}

func objectOf(content map[string]any, file string) Object {
	return Object{Unstructured: &unstructured.Unstructured{Object: content}, File: file}
}

func isKustomization(o Object) bool {
	return o.GetKind() == "Kustomization" && strings.HasPrefix(o.GetAPIVersion(), "kustomize.toolkit.fluxcd.io/")
}

func readKustomization(o Object) (*Kustomization, error) {
	var k Kustomization
	if err := strict(o, &k); err != nil {
		return nil, err
	}
	if k.Spec.Path == "" || path.IsAbs(k.Spec.Path) {
		return nil, fmt.Errorf("%s: spec.path: give the folder to apply, from the repository's root", o.Where())
	}
	return &k, nil
}

// strict reads an object into a struct that has a field for everything in it, as the API
// server does: a number is no text.
func strict(o Object, into any) error {
	raw, err := json.Marshal(o.Object)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Where(), err)
	}
	unknown, err := kjson.UnmarshalStrict(raw, into)
	if err = errors.Join(append(unknown, err)...); err != nil {
		text := strings.ReplaceAll(err.Error(), "\n", ", ")
		return fmt.Errorf("%s: %s", o.Where(), strings.TrimPrefix(text, "json: "))
	}
	return nil
}
