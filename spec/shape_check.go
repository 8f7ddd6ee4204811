package spec

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// shape holds every value against what its type and tags say: present, one of the known words, in bounds.
func (c *checker) shape() {
	walk(reflectElem(c.s), nil, func(path *field.Path, v reflect.Value, f reflect.StructField) {
		if c.s.isBad(path) {
			return
		}
		c.presence(path, v, f)
		c.bounds(path, v, f)
		c.word(path, v)
		if v.Kind() == reflect.Slice {
			for i := range v.Len() {
				c.word(path.Index(i), v.Index(i))
			}
		}
	})
}

func (c *checker) presence(path *field.Path, v reflect.Value, f reflect.StructField) {
	empty := v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
	if f.Tag.Get("required") != "true" || !empty {
		return
	}
	// A zero that is written is wrong in another way.
	if v.CanUint() && c.s.isSet(path) {
		return
	}
	if example := f.Tag.Get("example"); example != "" {
		c.errorf(path, "is missing; write for example %s", example)
		return
	}
	c.errorf(path, "is missing")
}

func (c *checker) bounds(path *field.Path, v reflect.Value, f reflect.StructField) {
	low, hasLow := bound(f, "min")
	high, hasHigh := bound(f, "max")
	if !hasLow && !hasHigh {
		return
	}
	switch v.Kind() {
	case reflect.Int:
		n := v.Int()
		if n == 0 && !c.s.isSet(path) {
			return
		}
		if hasLow && n < low || hasHigh && n > high {
			c.errorf(path, "%d is outside %d–%d", n, low, high)
		}
	case reflect.Slice:
		n := int64(v.Len())
		if n == 0 && (f.Tag.Get("required") == "true" || !c.s.isSet(path)) {
			return
		}
		switch {
		case hasLow && n < low:
			c.errorf(path, "has %s; at least %d is wanted", plural(int(n), "entry", "entries"), low)
		case hasHigh && n > high:
			c.errorf(path, "has %s; at most %d are allowed", plural(int(n), "entry", "entries"), high)
		}
	}
}

func bound(f reflect.StructField, tag string) (int64, bool) {
	text, ok := f.Tag.Lookup(tag)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// Enum is a type of which only some words are values.
type Enum interface{ Values() []string }

func (c *checker) word(path *field.Path, v reflect.Value) {
	if v.Kind() != reflect.String || v.String() == "" {
		return
	}
	enum, ok := v.Interface().(Enum)
	if !ok || slices.Contains(enum.Values(), v.String()) {
		return
	}
	if near := nearest(v.String(), enum.Values()); near != "" {
		c.errorf(path, "%q is not one of %s; did you mean %q?", v.String(), strings.Join(enum.Values(), ", "), near)
		return
	}
	c.errorf(path, "%q is not one of %s", v.String(), strings.Join(enum.Values(), ", "))
}
