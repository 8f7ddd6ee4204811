package spec_test

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestLoad_SaysWhatMakesAFileNoYAML(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"a tab":                 {"config:\n  home-ops:cluster:\n\tdomain: example.com\n", "line 3 is indented with a tab; YAML wants blanks"},
		"an open bracket":       {"config:\n  home-ops:network:\n    nodeCIDRs: [10.0.0.0/16\n    vip: 10.0.0.1\n", "a [ is not closed by ], or two values have no comma between them"},
		"an open brace":         {"config:\n  home-ops:cluster: { domain: example.com\n  home-ops:network: {}\n", "a { is not closed by }, or two keys have no comma between them"},
		"a bracket at the end":  {"config: [\n", "a [ or { is not closed"},
		"an open quotation":     {"config:\n  home-ops:cluster: { domain: \"example.com }\n", "a quotation mark is not closed"},
		"a blank that is not":   {"config:\n  home-ops:cluster:\n    domain:example.com\n    talosVersion: v1.11.1\n", `line 3: "domain:example.com" has no blank after its colon`},
		"a colon in a value":    {"config:\n  home-ops:cluster:\n    domain: a: b\n", "a key has no colon, or a value with a colon in it no quotation marks"},
		"lines out of step":     {"config:\n  home-ops:cluster:\n    domain: example.com\n   talosVersion: v1.11.1\n", "a line is indented otherwise than those above it"},
		"a list among its keys": {"config:\n  home-ops:nodes:\n    - name: a\n   - name: b\n", "a line is indented otherwise than those above it"},
	} {
		_, problems := spec.Load("home", []byte(c.file))
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Message, "is not YAML: "+c.want) {
			t.Errorf("%s: got %v, want %s", name, problems, c.want)
		}
	}
}
