package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// PatchRefs are the secret references in the node's patches, with the paths inside them: a value that is nothing but
// op://vault/item/field or config:KEY stands for the secret that is kept there.
func (n Node) PatchRefs() []LocatedRef { return located(n.patchRefs(nil)) }

func (n Node) patchRefs(at *field.Path) []pathRef {
	var out []pathRef
	for i, tree := range n.Patches {
		visitTexts(part{at.Child("patches").Index(i), tree}, func(p part, text string) {
			if isReference(text) {
				out = append(out, pathRef{p.path, SecretRef(text)})
			}
		})
	}
	return out
}

// ResolvePatches are the node's patches with each reference replaced by its secret. What lookup does not know is an
// error: a reference must never reach a node.
func (n Node) ResolvePatches(lookup func(SecretRef) (string, bool)) ([]map[string]any, error) {
	out := make([]map[string]any, 0, len(n.Patches))
	for i, tree := range n.Patches {
		resolved, err := resolve(tree, lookup)
		if err != nil {
			return nil, fmt.Errorf("patches[%d]: %w", i, err)
		}
		out = append(out, resolved.(map[string]any))
	}
	return out, nil
}

func resolve(value any, lookup func(SecretRef) (string, bool)) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			resolved, err := resolve(item, lookup)
			if err != nil {
				return nil, err
			}
			out[key] = resolved
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			resolved, err := resolve(item, lookup)
			if err != nil {
				return nil, err
			}
			out = append(out, resolved)
		}
		return out, nil
	case string:
		if !isReference(v) {
			return v, nil
		}
		secret, ok := lookup(SecretRef(v))
		if !ok || secret == "" {
			return nil, fmt.Errorf("%s gave no secret", v)
		}
		return secret, nil
	default:
		return value, nil
	}
}

var (
	wholeReference = regexp.MustCompile(`^(op://[^/\s]+/[^/\s]+/\S+|config:[a-zA-Z][a-zA-Z0-9_-]*)$`)
	innerReference = regexp.MustCompile(`op://[^/\s"']+/[^/\s"']+/[^\s"']+|config:[a-zA-Z][a-zA-Z0-9_-]*`)
)

func isReference(text string) bool { return wholeReference.MatchString(text) }

// visitTexts visits every text of a tree, in the order of its keys.
func visitTexts(p part, visit func(p part, text string)) {
	switch v := p.value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			visitTexts(p.get(key), visit)
		}
	case []any:
		for _, item := range p.list() {
			visitTexts(item, visit)
		}
	case string:
		visit(p, v)
	}
}

// strayReferences refuses references where none is read: they would land on a node, or in the cluster, as they are.
func (c *checker) strayReferences() {
	c.eachNode(func(at *field.Path, n *Node) {
		for i, tree := range n.Patches {
			visitTexts(part{at.Child("patches").Index(i), tree}, func(p part, text string) {
				if isReference(text) {
					return
				}
				for _, ref := range innerReference.FindAllString(text, -1) {
					if key, ok := strings.CutPrefix(ref, "config:"); ok && !c.s.secretKeys[key] {
						continue // some other word
					}
					c.errorf(p.path, "%s stands inside other text, where it is not replaced: a reference is a value of its own", ref)
					return
				}
			})
		}
		for _, m := range []struct {
			key    string
			values map[string]string
		}{{"sysctls", n.Sysctls}, {"labels", n.Labels}, {"annotations", n.Annotations}, {"kubeletArgs", n.KubeletArgs}} {
			c.noReferences(at.Child(m.key), m.values)
		}
		for i, s := range n.ExtensionServices {
			c.noReferences(at.Child("extensionServices").Index(i).Child("environment"), s.Environment)
		}
	})
	cl := c.s.Cluster
	c.noReferences(field.NewPath("cluster", "apiServer", "extraArgs"), cl.APIServer.ExtraArgs)
	c.noReferences(field.NewPath("cluster", "controllerManagerArgs"), cl.ControllerManagerArgs)
	c.noReferences(field.NewPath("cluster", "schedulerArgs"), cl.SchedulerArgs)
	c.noReferences(field.NewPath("cluster", "etcdArgs"), cl.EtcdArgs)
}

func (c *checker) noReferences(at *field.Path, values map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if isReference(values[key]) {
			c.errorf(entry(at, key), "is a secret reference, and this key takes none: it would land on the node as it is")
		}
	}
}
