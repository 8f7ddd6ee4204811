package diskmatch

import (
	"slices"
	"strings"
)

// maxDisks bounds the disks that are tried for one question. Expressions that people write need a few hundred.
const maxDisks = 20_000

// Matcher answers questions about expressions, and remembers the answers: the nodes of a cluster ask the same ones.
type Matcher struct {
	compiled map[string]*expr
	answers  map[[3]string]bool
}

// New is a matcher that knows nothing yet.
func New() *Matcher {
	return &Matcher{compiled: map[string]*expr{}, answers: map[[3]string]bool{}}
}

// Overlap reports whether a disk could exist that both expressions choose. The expression install, if any, is the one
// that chooses the system disk. An expression that does not compile chooses nothing.
func (m *Matcher) Overlap(a, b, install string) bool {
	return m.ask([3]string{a, b, install}, m.expr(a), m.expr(b), m.expr(install))
}

// Possible reports whether a disk could exist that the expression chooses.
func (m *Matcher) Possible(a string) bool {
	e := m.expr(a)
	return m.ask([3]string{a, a, ""}, e, e, nil)
}

// Uses reports whether the expression looks at a property of the disk, such as "serial".
func (m *Matcher) Uses(a, property string) bool {
	e := m.expr(a)
	return e != nil && e.atoms.used[property]
}

func (m *Matcher) expr(text string) *expr {
	if text == "" {
		return nil
	}
	e, ok := m.compiled[text]
	if !ok {
		e, _ = compile(text)
		m.compiled[text] = e
	}
	return e
}

func (m *Matcher) ask(key [3]string, a, b, install *expr) bool {
	if a == nil || b == nil {
		return false
	}
	if known, ok := m.answers[key]; ok {
		return known
	}
	found := false
	tried := 0
	enumerate(a.atoms, b.atoms, func(d *disk) bool {
		if tried++; tried > maxDisks {
			return false
		}
		// Only the disk that Talos is installed on is the system disk.
		if !d.exists() || d.system && install != nil && !install.matches(d) {
			return true
		}
		found = a.matches(d) && b.matches(d)
		return !found
	})
	m.answers[key] = found
	return found
}

// enumerate visits every disk that the two expressions can tell from another, until visit returns false.
func enumerate(a, b atoms, visit func(*disk) bool) {
	d := &disk{texts: map[string]string{}, sizes: map[string]uint64{"size": 1e12, "io_size": 512, "sector_size": 512}}
	var steps []func(next func() bool) bool
	for _, flag := range flags {
		if a.used[flag] || b.used[flag] {
			steps = append(steps, func(next func() bool) bool {
				for _, on := range []bool{false, true} {
					d.set(flag, on)
					if !next() {
						return false
					}
				}
				return true
			})
		}
	}
	for _, name := range sizeProperties {
		if values := sizesOf(name, a, b); len(values) > 0 {
			steps = append(steps, func(next func() bool) bool {
				for _, v := range values {
					d.sizes[name] = v
					if !next() {
						return false
					}
				}
				return true
			})
		}
	}
	linksTried := linksOf(a, b)
	if len(linksTried) > 0 {
		steps = append(steps, func(next func() bool) bool {
			for _, v := range linksTried {
				d.links = v
				if !next() {
					return false
				}
			}
			return true
		})
	}
	for _, name := range slices.Sorted(keys(textProperties)) {
		if name == links || !a.used[name] && !b.used[name] {
			continue
		}
		values := textsOf(name, a, b, linksTried)
		steps = append(steps, func(next func() bool) bool {
			for _, v := range values {
				d.texts[name] = v
				if !next() {
					return false
				}
			}
			return true
		})
	}
	run(steps, func() bool { return visit(d) })
}

// run nests the steps into each other.
func run(steps []func(func() bool) bool, leaf func() bool) bool {
	if len(steps) == 0 {
		return leaf()
	}
	return steps[0](func() bool { return run(steps[1:], leaf) })
}

func keys(set map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range set {
			if !yield(k) {
				return
			}
		}
	}
}

// sizesOf are the constants and their neighbours.
func sizesOf(name string, a, b atoms) []uint64 {
	var out []uint64
	for _, v := range slices.Concat(a.sizes[name], b.sizes[name]) {
		out = append(out, v, v+1)
		if v > 0 {
			out = append(out, v-1)
		}
	}
	if len(out) == 0 && (a.used[name] || b.used[name]) {
		out = []uint64{1e12}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// linksOf are the sets of links that a disk could have: each alone, all of one disk together, or none of them.
func linksOf(a, b atoms) [][]string {
	if !a.used[links] && !b.used[links] {
		return nil
	}
	out := [][]string{nil}
	x, y := a.texts[links], b.texts[links]
	for _, l := range slices.Concat(x, y) {
		out = append(out, []string{l})
	}
	for _, l := range x {
		for _, k := range y {
			if l != k {
				out = append(out, []string{l, k})
			}
		}
	}
	return out
}

// textsOf are the constants of both, what two patterns have in common, what the links say, and one more value.
func textsOf(name string, a, b atoms, linkSets [][]string) []string {
	x, y := a.texts[name], b.texts[name]
	out := slices.Concat(x, y)
	for _, p := range x {
		for _, q := range y {
			if strings.Contains(p, "*") && strings.Contains(q, "*") {
				p, q := strings.ReplaceAll(p, "*", ""), strings.ReplaceAll(q, "*", "")
				out = append(out, p+q, q+p)
			}
		}
	}
	if name == "model" {
		for _, set := range linkSets {
			for _, path := range set {
				if l, ok := parseLink(path); ok && l.model() != "" {
					out = append(out, l.model())
				}
			}
		}
	}
	if name == "transport" {
		// Those that a disk of any kind has, for expressions that only exclude some.
		out = append(out, "nvme", "sata", "virtio", "mmc")
	} else {
		out = append(out, "", "none of these")
	}
	slices.Sort(out)
	return slices.Compact(out)
}
