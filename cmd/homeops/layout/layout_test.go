package layout_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/cmd/homeops/layout"
	"github.com/home-ops/home-ops/spec/spectest"
)

// rewritten is a stack file as Pulumi writes it: read as nodes, and encoded anew in block style, two blanks deep.
func rewritten(t *testing.T, text []byte, edit func(config *yaml.Node)) []byte {
	t.Helper()
	var top yaml.Node
	if err := yaml.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	root := top.Content[0]
	for i := 0; i < len(root.Content); i += 2 {
		if root.Content[i].Value == "config" && edit != nil {
			edit(root.Content[i+1])
		}
	}
	var flat func(n *yaml.Node)
	flat = func(n *yaml.Node) {
		n.Style &^= yaml.FlowStyle
		for _, child := range n.Content {
			flat(child)
		}
	}
	flat(&top)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&top); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// set gives a key of config a sealed value, at its place or at the end.
func set(key, value string) func(*yaml.Node) {
	return func(config *yaml.Node) {
		sealed := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "secure"}, {Kind: yaml.ScalarNode, Value: value}}}
		for i := 0; i < len(config.Content); i += 2 {
			if config.Content[i].Value == key {
				config.Content[i+1] = sealed
				return
			}
		}
		config.Content = append(config.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, sealed)
	}
}

func samples(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, path := range []string{spectest.HomeFile(t), spectest.LabFile(t)} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = text
	}
	return out
}

func TestRestore_GivesBackWhatWasOnlyWrittenAnew(t *testing.T) {
	for path, text := range samples(t) {
		now := rewritten(t, text, nil)
		if bytes.Equal(now, text) {
			t.Fatalf("%s: writing it anew changes nothing, and the test shows nothing", path)
		}
		got, err := layout.Restore(text, now)
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %v\n%s", path, err, got)
		}
	}
}

func TestRestore_KeepsTheNewSecretAndNothingElseOfTheNewForm(t *testing.T) {
	for path, text := range samples(t) {
		for name, key := range map[string]string{"of one that is there": "home-ops:onepasswordToken", "a new one": "home-ops:bgpPassword"} {
			got, err := layout.Restore(text, rewritten(t, text, set(key, "v1:new:secret")))
			if err != nil {
				t.Errorf("%s, %s: %v", path, name, err)
				continue
			}
			// A changed secret is another line; a new one, two lines more.
			removed, added := differing(string(text), string(got)), differing(string(got), string(text))
			if len(removed) > 1 || len(added) > 2 || !strings.Contains(string(got), "v1:new:secret") {
				t.Errorf("%s, %s: -%q +%q", path, name, removed, added)
			}
		}
	}
}

// differing are the lines of one text that another one lacks.
func differing(a, b string) []string {
	left := map[string]int{}
	for line := range strings.Lines(b) {
		left[line]++
	}
	var out []string
	for line := range strings.Lines(a) {
		if left[line]--; left[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}

func TestRestore_FollowsEachKindOfChange(t *testing.T) {
	const before = `# The house.
config:
  # Who it is.
  a: { x: 1, y: [1, 2] } # short

  b:
    # Deep.
    c: [1, 2]

    d: old

  e: last
`
	for name, test := range map[string]struct{ now, want string }{
		"nothing":                       {"# The house.\nconfig:\n  # Who it is.\n  a:\n    x: 1\n    y:\n      - 1\n      - 2 # short\n  b:\n    # Deep.\n    c:\n      - 1\n      - 2\n    d: old\n  e: last\n", before},
		"a value deep inside":           {"# The house.\nconfig:\n  # Who it is.\n  a: {x: 1, y: [1, 2]} # short\n  b:\n    # Deep.\n    c:\n      - 1\n      - 2\n    d: new\n  e: last\n", strings.Replace(before, "d: old", "d: new", 1)},
		"a key that is gone":            {"# The house.\nconfig:\n  # Who it is.\n  a: {x: 1, y: [1, 2]} # short\n  b:\n    # Deep.\n    c:\n      - 1\n      - 2\n    d: old\n", strings.Replace(before, "\n  e: last\n", "", 1)},
		"a key that is new":             {"# The house.\nconfig:\n  # Who it is.\n  a: {x: 1, y: [1, 2]} # short\n  b:\n    # Deep.\n    c:\n      - 1\n      - 2\n    d: old\n  e: last\n  f:\n    secure: v1:x\n", before + "  f:\n    secure: v1:x\n"},
		"a key of another depth of it":  {"# The house.\nconfig:\n    # Who it is.\n    a: {x: 1, y: [1, 2]} # short\n    b:\n        # Deep.\n        c:\n            - 1\n            - 2\n        d: old\n    e: last\n    f:\n        secure: v1:x\n", before + "  f:\n      secure: v1:x\n"},
		"a key beside config":           {"# The house.\nconfig:\n  # Who it is.\n  a: {x: 1, y: [1, 2]} # short\n  b:\n    # Deep.\n    c:\n      - 1\n      - 2\n    d: old\n  e: last\nencryptionsalt: v1:y\n", before + "encryptionsalt: v1:y\n"},
		"a key beside config, above it": {"encryptionsalt: v1:y\n# The house.\nconfig:\n  # Who it is.\n  a: {x: 1, y: [1, 2]} # short\n  b:\n    # Deep.\n    c:\n      - 1\n      - 2\n    d: old\n  e: last\n", "encryptionsalt: v1:y\n" + before},
	} {
		got, err := layout.Restore([]byte(before), []byte(test.now))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, test.want)
		}
	}
}

func TestRestore_LosesNoComment(t *testing.T) {
	_, err := layout.Restore([]byte("config:\n  a: [1]\n"), []byte("config:\n  # Mine.\n  a:\n    - 1\n"))
	want := "the former text lacks this comment: # Mine.; commit the file first, or put it in order by hand"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRestore_RefusesWhatIsNoStackFile(t *testing.T) {
	if _, err := layout.Restore([]byte("a: 1\n"), []byte("- 1\n")); err == nil || err.Error() != "it is no map" {
		t.Errorf("error %v", err)
	}
}
