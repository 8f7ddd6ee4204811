package spec_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// problemsOf loads and validates one stack file.
func problemsOf(path string) (*spec.Stack, spec.Problems) {
	s, problems := spec.LoadFile(path)
	return s, append(problems, s.Validate()...)
}

func lines(problems spec.Problems) []string {
	out := make([]string, 0, len(problems))
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

// expected reads the problems that the head of a fixture promises.
func expected(t *testing.T, data string) []string {
	t.Helper()
	out := []string{}
	for line := range strings.Lines(data) {
		text, comment := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !comment {
			break
		}
		if strings.HasPrefix(text, "error ") || strings.HasPrefix(text, "warning ") {
			out = append(out, text)
		}
	}
	return out
}

func fixtures(t *testing.T, dir string, least int) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(paths) < least {
		t.Fatalf("%d fixtures in %s, want at least %d (%v)", len(paths), dir, least, err)
	}
	return paths
}

// holdToHead compares the problems of a fixture with its head, word for word.
func holdToHead(t *testing.T, path string) spec.Problems {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, problems := problemsOf(path)
	if golden.Updating() {
		rewriteHead(t, path, string(data), lines(problems))
		return problems
	}
	if got, want := lines(problems), expected(t, string(data)); !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	return problems
}

func rewriteHead(t *testing.T, path, data string, problems []string) {
	t.Helper()
	title, rest, _ := strings.Cut(data, "\n")
	for strings.HasPrefix(rest, "# error ") || strings.HasPrefix(rest, "# warning ") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	head := title + "\n"
	for _, p := range problems {
		head += "# " + p + "\n"
	}
	if err := os.WriteFile(path, []byte(head+rest), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestValidate_AcceptsWhatRealNetworksHave(t *testing.T) {
	for _, path := range fixtures(t, "valid", 25) {
		t.Run(filepath.Base(path), func(t *testing.T) { holdToHead(t, path) })
	}
}

func TestValidate_RefusesEachFaultWithItsMessage(t *testing.T) {
	for _, path := range fixtures(t, "invalid", 120) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			problems := holdToHead(t, path)
			if len(problems) != 1 || !problems.HasErrors() {
				t.Errorf("one fault gave %d problems", len(problems))
			}
			for _, p := range problems {
				if p.Line == 0 || p.Column == 0 {
					t.Errorf("no place in the file: %+v", p)
				}
			}
		})
	}
}

func TestValidate_WarnsOfWhatCosts(t *testing.T) {
	for _, path := range fixtures(t, "warned", 25) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			problems := holdToHead(t, path)
			if len(problems) != 1 || problems.HasErrors() {
				t.Errorf("got %d problems, want one warning", len(problems))
			}
		})
	}
}

func TestValidate_TellsTheSecretsOfNoOne(t *testing.T) {
	for _, name := range []string{"secret-in-plain-text", "age-private-key", "repository-with-password", "plain-text-secret-key"} {
		_, problems := problemsOf(filepath.Join("testdata", "invalid", name+".yaml"))
		for _, p := range problems {
			if strings.Contains(p.Message, "ghp_") || strings.Contains(p.Message, "SECRET-KEY-1") {
				t.Errorf("%s repeats the secret: %s", name, p)
			}
		}
	}
}

// onlyInFiles are faults that the engine's configuration cannot carry, or that it has repaired by the time
// it hands the configuration on.
var onlyInFiles = []string{
	"unknown-top-key", "unknown-config-key", "unknown-namespace", "key-written-twice", "secret-object",
	"plain-text-secret-key", "number-as-name-in-map", "date-instead-of-version",
	"key-with-and-without-namespace", "unused-secret",
}

func TestFromConfig_IsAsStrictAsLoadFile(t *testing.T) {
	for _, dir := range []string{"valid", "warned", "invalid"} {
		for _, path := range fixtures(t, dir, 25) {
			name := strings.TrimSuffix(filepath.Base(path), ".yaml")
			if slices.Contains(onlyInFiles, name) {
				continue
			}
			t.Run(dir+"/"+name, func(t *testing.T) {
				s, problems := spec.FromConfig(name, engineConfig(t, path))
				got := lines(append(problems, s.Validate()...))
				_, fromFile := problemsOf(path)
				if want := lines(fromFile); !slices.Equal(got, want) {
					t.Errorf("got\n  %s\nfrom the file\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
				}
			})
		}
	}
}

// engineConfig gives the keys of a stack file as the Pulumi engine hands them to a program: objects as
// JSON, secrets decrypted.
func engineConfig(t *testing.T, path string) func(string) (string, bool) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	raw := map[string]string{}
	for key, value := range file.Config {
		key = strings.TrimPrefix(key, "home-ops:")
		if m, ok := value.(map[string]any); ok && len(m) == 1 && m["secure"] != nil {
			raw[key] = "decrypted"
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		raw[key] = string(text)
	}
	return func(key string) (string, bool) {
		value, ok := raw[key]
		return value, ok
	}
}

func TestHomeAndLab_HaveTheWarningsThatTheyDeserve(t *testing.T) {
	for name, want := range map[string][]string{
		"home": {
			"warning nodes: 2 control planes survive the loss of none, as 1 would, and have one more that can fail: etcd needs a majority; make it 1 or 3",
			"warning versions.flux: Flux v2.6.4 supports Kubernetes v1.31 to v1.33, not v1.34.1 (cluster.kubernetesVersion; https://github.com/fluxcd/flux2/blob/v2.6.4/.github/workflows/conformance.yaml)",
			"warning versions.rookCeph: Rook v1.16.3 supports Kubernetes v1.27 to v1.32, not v1.34.1 (cluster.kubernetesVersion; https://github.com/rook/rook/blob/v1.16.3/Documentation/Getting-Started/Prerequisites/prerequisites.md)",
		},
		"lab": {},
	} {
		_, problems := problemsOf(map[string]func(testing.TB) string{"home": spectest.HomeFile, "lab": spectest.LabFile}[name](t))
		if got := lines(problems); !slices.Equal(got, want) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
	if between := spec.ValidateProject([]*spec.Stack{spectest.Home(t), spectest.Lab(t)}); len(between) > 0 {
		t.Errorf("between the stacks: %v", between)
	}
}
