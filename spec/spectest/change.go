package spectest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// leaf is a single value of a plan, and how to exchange or remove it.
type leaf struct {
	path  string
	value any
	set   func(any)
}

// Changed is what [Change] did to a plan.
type Changed struct {
	// Path leads to the value in the stack file: nodes[0].address.
	Path string
	// Old and New are the values; New is nil where it was removed.
	Old, New any
}

// String says it in one line.
func (c Changed) String() string { return fmt.Sprintf("%s: %v instead of %v", c.Path, c.New, c.Old) }

// Change exchanges one value of a plan for another: one that stands elsewhere in the plan, an odd one, or none.
func Change(plan map[string]any, r *rand.Rand) Changed {
	var leaves []leaf
	collect("", plan, func(any) {}, &leaves)
	victim := leaves[r.IntN(len(leaves))]
	var value any
	switch r.IntN(4) {
	case 0, 1:
		// What stands elsewhere is of the right form more often than not.
		other := leaves[r.IntN(len(leaves))]
		for range 50 {
			if fmt.Sprintf("%T", other.value) == fmt.Sprintf("%T", victim.value) {
				break
			}
			other = leaves[r.IntN(len(leaves))]
		}
		value = other.value
	default:
		value = odd(victim.value, r)
	}
	victim.set(value)
	return Changed{strings.TrimPrefix(victim.path, "."), victim.value, value}
}

func odd(old any, r *rand.Rand) any {
	switch v := old.(type) {
	case bool:
		return !v
	case int:
		return []any{0, -1, v + 1, 2 * v, 1 << 40}[r.IntN(5)]
	case string:
		return []any{"", v + "x", "X" + v, v + "/24", "10.0.0.0/8", "fe80::1", "*", "config:nothing", "a b", "10.250.0.1", "true"}[r.IntN(11)]
	default:
		return nil
	}
}

// collect lists the single values of a plan in the order of its keys.
func collect(path string, value any, set func(any), out *[]leaf) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key == "secure" {
				continue
			}
			collect(path+"."+key, v[key], func(x any) { v[key] = x }, out)
		}
	case []any:
		for i := range v {
			collect(fmt.Sprintf("%s[%d]", path, i), v[i], func(x any) { v[i] = x }, out)
		}
	case []string:
		for i := range v {
			collect(fmt.Sprintf("%s[%d]", path, i), v[i], func(x any) {
				text, ok := x.(string)
				if !ok {
					text = fmt.Sprint(x)
				}
				v[i] = text
			}, out)
		}
	default:
		*out = append(*out, leaf{path, value, set})
	}
}
