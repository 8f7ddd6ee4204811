package specdoc_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/specdoc"
	"github.com/home-ops/home-ops/spec/spectest"
)

const root = "../.."

func model(t *testing.T) *specdoc.Model {
	t.Helper()
	m, err := specdoc.Read(filepath.Join(root, "spec"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compiled is the schema as an editor would load it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := model(t).Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("stack.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("stack.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// judge checks a stack file against the schema.
func judge(t *testing.T, s *jsonschema.Schema, content string) error {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal([]byte(content), &tree); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

func TestSchema_AcceptsEveryValidStackFile(t *testing.T) {
	s := compiled(t)
	if err := judge(t, s, specdoc.Example); err != nil {
		t.Errorf("the manual's example: %v", err)
	}
	var files []string
	for _, pattern := range []string{"spec/spectest/testdata/*.yaml", "spec/testdata/valid/*.yaml", "spec/testdata/warned/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge(t, s, string(content)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for seed := range uint64(100) {
		if err := judge(t, s, string(spectest.File(spectest.Plan(seed)))); err != nil {
			t.Errorf("plan %d: %v", seed, err)
		}
	}
}

// The faults that a schema can see. Each is one change of the manual's example.
func TestSchema_RefusesFaultsOfStructure(t *testing.T) {
	s := compiled(t)
	for name, change := range map[string][2]string{
		"an unknown key of an object":       {"domain:", "domian:"},
		"an unknown key of a list entry":    {"role: controlPlane", "roles: controlPlane"},
		"an unknown key of the project":     {"home-ops:cilium:", "home-ops:cillium:"},
		"an unknown key without namespace":  {"home-ops:cilium:", "cillium:"},
		"an unknown key of the file":        {"config:", "confg: {}\nconfig:"},
		"a missing key":                     {"    domain: example.com\n", ""},
		"a missing object":                  {"home-ops:flux:", "other:flux:"},
		"an object for a list":              {"nodeCIDRs: [10.0.50.0/24]", "nodeCIDRs: { a: b }"},
		"text for a list":                   {"nodeCIDRs: [10.0.50.0/24]", "nodeCIDRs: 10.0.50.0/24"},
		"an empty list":                     {"nodeCIDRs: [10.0.50.0/24]", "nodeCIDRs: []"},
		"a prefix without its length":       {"nodeCIDRs: [10.0.50.0/24]", "nodeCIDRs: [10.0.50.0]"},
		"an address with a length":          {"vip: 10.0.50.50", "vip: 10.0.50.50/24"},
		"a role that does not exist":        {"role: controlPlane", "role: master"},
		"a MAC address of five bytes":       {"mac: 52:54:00:12:34:11", "mac: 52:54:00:12:34"},
		"a version that is a number":        {"talosContract: v", "talosContract: "},
		"a number that is text":             {"vip: 10.0.50.50", "vip: 10.0.50.50\n    vlan: ten"},
		"a number out of bounds":            {"vip: 10.0.50.50", "vip: 10.0.50.50\n    vlan: 4095"},
		"a truth value that is text":        {"role: controlPlane", "role: controlPlane\n      dhcp: \"yes\""},
		"a size without a unit":             {"serial: S5GXNF0R100011A", "minSize: \"500\""},
		"a secret written into an object":   {"repository:", "tokenRef: ghp_0123456789\n    repository:"},
		"an encrypted value in an object":   {"repository:", "tokenRef: { secure: AAAA }\n    repository:"},
		"a plain value in a key of its own": {"home-ops:flux:", "home-ops:token: plain\n  home-ops:flux:"},
	} {
		changed := strings.Replace(specdoc.Example, change[0], change[1], 1)
		if changed == specdoc.Example {
			t.Errorf("%s: the example has no %q", name, change[0])
		}
		if judge(t, s, changed) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestSchema_AcceptsWhatBelongsToOthers(t *testing.T) {
	s := compiled(t)
	for name, line := range map[string]string{
		"a secret in a key of its own":             "home-ops:githubToken: { secure: AAAA }",
		"a provider's setting":                     "cloudflare:apiToken: { secure: AAAA }",
		"a provider that begins like the project":  "home:x: y",
		"a provider that continues like the other": "home-ops-extra:x: { y: 1 }",
		"a provider of one letter":                 "h:x: [1]",
		"a provider with a colon in its key":       "kubernetes:a:b: c",
	} {
		changed := strings.Replace(specdoc.Example, "config:\n", "config:\n  "+line+"\n", 1)
		if err := judge(t, s, changed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	short := strings.ReplaceAll(specdoc.Example, "  home-ops:", "  ")
	if err := judge(t, s, short); err != nil {
		t.Errorf("keys without the namespace: %v", err)
	}
	own := "secretsprovider: passphrase\nencryptionsalt: v1:abc\nenvironment: [home]\n" + specdoc.Example
	if err := judge(t, s, own); err != nil {
		t.Errorf("Pulumi's own keys: %v", err)
	}
}

// structural marks the loader's messages about faults of structure, which the schema has to see too. Patches are
// Talos's own, and of any shape to the schema.
var structural = regexp.MustCompile(`(?m)^# error [^ ]*: (unknown key|is (an object|a list|the number|the text|the truth value) ?\S*; it wants|is missing; write for example [^{]|"[^"]*" is not (an IP address|a prefix|a MAC address|a duration|a size|` +
	// Texts without a type of their own, whose forms the rules and the schema share.
	`a DNS label|an id of Cloudflare's|the id of|a region such|a volume name|a name for a network interface|the name of an official extension|` +
	`an overlay image|the repository of an image|vendor:device|a link below)|"[^"]*" is a URL|"[^"]*" has (capitals|a trailing dot)|"[^"]*" begins with http)`)

func TestSchema_RefusesTheStructuralFaultsOfTheLoadersFixtures(t *testing.T) {
	s := compiled(t)
	files, err := filepath.Glob(filepath.Join(root, "spec/testdata/invalid/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	refused := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(content), "config:")
		var tree any
		if yaml.Unmarshal(content, &tree) != nil {
			continue // not YAML at all
		}
		accepted := judge(t, s, string(content)) == nil
		if accepted && structural.MatchString(head) && !strings.Contains(head, ".patches[") {
			t.Errorf("%s is accepted, though\n%s", file, head)
		}
		if !accepted {
			refused++
		}
	}
	t.Logf("the schema refuses %d of %d invalid stack files", refused, len(files))
}
