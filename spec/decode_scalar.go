package spec

import (
	"encoding"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// text reads a value that has a written form of its own: an address, a MAC, a size.
func (d *decoder) text(node *yaml.Node, v reflect.Value, path *field.Path) {
	if node.Kind != yaml.ScalarNode || node.Tag != "!!str" {
		d.fail(node, path, "is %s; it wants %s", describe(node), formOf(v.Type()))
		return
	}
	switch target := v.Addr().Interface().(type) {
	case *netip.Addr:
		a, err := netip.ParseAddr(node.Value)
		switch {
		case err != nil && strings.Contains(node.Value, "/"):
			d.fail(node, path, "%q has a prefix length; it wants an address alone, such as 10.0.50.11 or fd00:50::11", node.Value)
		case err != nil || a.Zone() != "":
			d.fail(node, path, "%q is not an IP address such as 10.0.50.11 or fd00:50::11", node.Value)
		case a.Is4In6():
			d.fail(node, path, "%s is an IPv4 address in IPv6 form; write %s", node.Value, a.Unmap())
		default:
			*target = a
		}
	case *netip.Prefix:
		p, err := netip.ParsePrefix(node.Value)
		switch {
		case err != nil && !strings.Contains(node.Value, "/") && parses(node.Value):
			d.fail(node, path, "%q has no prefix length; write for example %s/%d", node.Value, node.Value, usualBits(node.Value))
		case err != nil:
			d.fail(node, path, "%q is not a prefix such as 10.0.0.0/16 or fd00:50::/64", node.Value)
		case p.Addr().Is4In6():
			d.fail(node, path, "%s is an IPv4 prefix in IPv6 form; write it as IPv4", node.Value)
		default:
			*target = p
		}
	case encoding.TextUnmarshaler:
		if err := target.UnmarshalText([]byte(node.Value)); err != nil {
			d.fail(node, path, "%s", err)
		}
	}
}

func parses(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func usualBits(s string) int {
	if strings.Contains(s, ":") {
		return 64
	}
	return 16
}

// formOf says in words what a type's values look like.
func formOf(t reflect.Type) string {
	if f, ok := FormOf(t); ok {
		return f.Hint
	}
	return "text"
}

// scalar reads text, a number or a truth value.
func (d *decoder) scalar(node *yaml.Node, v reflect.Value, path *field.Path) {
	switch v.Kind() {
	case reflect.String:
		if node.Kind != yaml.ScalarNode {
			d.fail(node, path, "is %s; it wants text", describe(node))
		} else if node.Tag != "!!str" {
			d.fail(node, path, "is %s to YAML; it wants text, so put it in quotes", describe(node))
		} else {
			v.SetString(node.Value)
		}
	case reflect.Bool:
		b, err := strconv.ParseBool(node.Value)
		if node.Kind != yaml.ScalarNode || node.Tag != "!!bool" || err != nil {
			d.fail(node, path, "is %s; it wants true or false", describe(node))
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Uint32:
		n, ok := integer(node)
		if !ok {
			d.fail(node, path, "is %s; it wants a whole number", describe(node))
			return
		}
		if v.Kind() == reflect.Int {
			v.SetInt(n)
		} else if n < 0 || n > math.MaxUint32 {
			d.fail(node, path, "%d is outside 0–%d", n, uint32(math.MaxUint32))
		} else {
			v.SetUint(uint64(n))
		}
	default:
		panic("spec: no way to read a " + v.Type().String())
	}
}

// integer reads a whole number. The engine hands large ones on in the form 4.200000001e+09.
func integer(node *yaml.Node) (int64, bool) {
	if node.Kind != yaml.ScalarNode {
		return 0, false
	}
	switch node.Tag {
	case "!!int":
		n, err := strconv.ParseInt(strings.ReplaceAll(node.Value, "_", ""), 0, 64)
		return n, err == nil
	case "!!float":
		f, err := strconv.ParseFloat(node.Value, 64)
		if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return 0, false
		}
		return int64(f), true
	}
	return 0, false
}

// looseText reads the value of a map of texts (sysctls, labels, flags), where a plain number or truth
// value is welcome as long as it has only one written form.
func (d *decoder) looseText(node *yaml.Node, v reflect.Value, path *field.Path) {
	node = unaliased(node)
	d.src.at[textOf(path)] = position{node.Line, node.Column}
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!str":
		v.SetString(node.Value)
	case node.Kind == yaml.ScalarNode && node.Tag == "!!bool" && (node.Value == "true" || node.Value == "false"):
		v.SetString(node.Value)
	case isSecure(node):
		d.decode(node, v, path)
	case isNull(node):
		d.fail(node, path, `is empty; write "" for an empty text`)
	default:
		if n, ok := integer(node); ok {
			text := strconv.FormatInt(n, 10)
			if node.Tag == "!!float" || text == node.Value {
				v.SetString(text)
				return
			}
		}
		if node.Kind == yaml.ScalarNode {
			d.fail(node, path, "is %s to YAML; put it in quotes", describe(node))
			return
		}
		d.fail(node, path, "is %s; it wants text", describe(node))
	}
}

// maxDepth is far deeper than any machine configuration.
const maxDepth = 64

// free reads a value of any shape, for patches and overlay options; depth counts the steps down to it.
func (d *decoder) free(node *yaml.Node, path *field.Path, depth int) (any, bool) {
	node = unaliased(node)
	// An anchor may contain an alias of itself.
	if d.visited++; d.visited > maxValues || depth > maxDepth {
		d.fail(node, path, "is nested more than %d deep", maxDepth)
		return nil, false
	}
	if isSecure(node) {
		d.decode(node, reflect.ValueOf(new(string)).Elem(), path)
		return nil, false
	}
	switch node.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for key, value := range d.pairs(node, path) {
			item, _ := d.free(value, entry(path, key.Value), depth+1)
			out[key.Value] = item
		}
		return out, true
	case yaml.SequenceNode:
		out := make([]any, 0, len(node.Content))
		for i, value := range node.Content {
			item, _ := d.free(value, path.Index(i), depth+1)
			out = append(out, item)
		}
		return out, true
	}
	if isNull(node) {
		return nil, false
	}
	if n, ok := integer(node); ok {
		return n, true
	}
	var out any
	if err := node.Decode(&out); err != nil {
		d.fail(node, path, "%q cannot be read: %s", node.Value, err)
		return nil, false
	}
	return out, true
}

// describe names what a YAML value is, in words.
func describe(node *yaml.Node) string {
	node = unaliased(node)
	switch node.Kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "a list"
	}
	switch node.Tag {
	case "!!int", "!!float":
		return "the number " + node.Value
	case "!!bool":
		return "the truth value " + node.Value
	case "!!null":
		return "empty"
	case "!!timestamp":
		return "the date " + node.Value
	default:
		return "the text " + strconv.Quote(node.Value)
	}
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

// isSecure recognises Pulumi's form of an encrypted value: {secure: ciphertext}.
func isSecure(node *yaml.Node) bool {
	return node.Kind == yaml.MappingNode && len(node.Content) == 2 &&
		node.Content[0].Value == "secure" && node.Content[1].Kind == yaml.ScalarNode
}
