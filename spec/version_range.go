package spec

import (
	"cmp"
	"fmt"
	"strings"
)

// versionRange is a list of bounds, all of which must hold.
type versionRange []rangeBound

type rangeBound struct {
	op string
	v  semver
}

// parseRange reads bounds such as ">=v1.19.0 <v1.20.0", separated by spaces; the leading v may be left out. A version
// without an operator is that release alone.
func parseRange(text string) (versionRange, error) {
	var r versionRange
	for _, word := range strings.Fields(text) {
		version := strings.TrimLeft(word, "<>=")
		op := strings.TrimSuffix(word, version)
		v, ok := Version(version).parse()
		if !ok || !v.hasPatch {
			return nil, fmt.Errorf("%q is not a bound such as >=v1.19.0", word)
		}
		switch op {
		case "", "=", "<", "<=", ">", ">=":
		default:
			return nil, fmt.Errorf("%q begins with none of = < <= > >=", word)
		}
		r = append(r, rangeBound{op, v})
	}
	if len(r) == 0 {
		return nil, fmt.Errorf("%q has no bound", text)
	}
	return r, nil
}

// contain reports whether v is in the range. What is no version is in none.
func (r versionRange) contain(v Version) bool {
	got, ok := v.parse()
	if !ok {
		return false
	}
	for _, b := range r {
		order := got.compare(b.v)
		held := map[string]bool{
			"": order == 0, "=": order == 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0,
		}[b.op]
		if !held {
			return false
		}
	}
	return true
}

// compare orders releases. A pre-release comes before its release; two of the same release are alike.
func (s semver) compare(o semver) int {
	return cmp.Or(s.compareMinor(o), cmp.Compare(s.patch, o.patch), cmp.Compare(preRank(s), preRank(o)))
}

func preRank(s semver) int {
	if s.pre != "" {
		return 0
	}
	return 1
}

// compareMinor orders two versions by major and minor. What is no version comes first.
func (v Version) compareMinor(o Version) int {
	a, _ := v.parse()
	b, _ := o.parse()
	return a.compareMinor(b)
}
