package spec

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Keys lists the configuration keys that hold a stack's objects, without the project's namespace.
func Keys() []string { return keysOf(reflectElem(&Stack{}).Type()) }

// fileKeys are Pulumi's own keys beside "config" in a stack file.
var fileKeys = []string{"config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment"}

// LoadFile reads Pulumi.STACK.yaml strictly and fills in the defaults. The problems are those of reading;
// ask [Stack.Validate] whether the plan works. A file that cannot be read at all gives a problem and a
// stack with only a name.
func LoadFile(path string) (*Stack, Problems) {
	data, err := os.ReadFile(path)
	if err != nil {
		text := err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			text = "there is no such file"
		}
		return &Stack{Name: StackName(path)}, Problems{{Severity: Error, Message: text, File: path}}
	}
	return load(StackName(path), path, projectOf(path), data)
}

// projectOf is how Pulumi.yaml beside a stack file calls the project: `pulumi new` gives it the owner's name.
func projectOf(path string) string {
	var project struct{ Name string }
	if data, err := os.ReadFile(filepath.Join(filepath.Dir(path), "Pulumi.yaml")); err == nil {
		_ = yaml.Unmarshal(data, &project) // Pulumi itself says what is wrong with its file
	}
	return cmp.Or(project.Name, Namespace)
}

// Load reads the content of a stack file that is named name.
func Load(name string, data []byte) (*Stack, Problems) { return load(name, "", Namespace, data) }

var stackFile = regexp.MustCompile(`^Pulumi\.(.+)\.ya?ml$`)

// StackName is the stack that a file belongs to: "home" for Pulumi.home.yaml, else the file's base name.
func StackName(path string) string {
	base := filepath.Base(path)
	if m := stackFile.FindStringSubmatch(base); m != nil {
		return m[1]
	}
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func load(name, file, project string, data []byte) (*Stack, Problems) {
	d := &decoder{src: newSource(file), project: project}
	s := newStack(name, d.src)
	var root, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(data))
	switch err := documents.Decode(&root); {
	case errors.Is(err, io.EOF) || err == nil && (len(root.Content) == 0 || isNull(root.Content[0])):
		return s, Problems{{Severity: Error, File: file, Message: "the file is empty; `make init` writes a first one"}}
	case err != nil:
		return s, Problems{syntaxProblem(file, data, err)}
	}
	if err := documents.Decode(&second); err == nil {
		d.fail(&second, nil, "the file has a second document (---), which Pulumi does not read")
	} else if !errors.Is(err, io.EOF) {
		return s, Problems{syntaxProblem(file, data, err)}
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		d.fail(top, nil, "the file is %s; it wants the key config", describe(top))
		return s, d.problems
	}
	var config *yaml.Node
	for key, value := range d.pairs(top, nil) {
		if key.Value == "config" {
			config = value
		} else if nearest(key.Value, fileKeys) != key.Value {
			d.unknown(key, nil, key.Value, fileKeys)
		}
	}
	switch {
	case config == nil || isNull(config):
		d.fail(top, nil, "the file has no config; its keys begin with %s:", Namespace)
		return s, d.problems
	case config.Kind != yaml.MappingNode:
		d.fail(config, nil, "config is %s; it wants keys that begin with %s:", describe(config), Namespace)
		return s, d.problems
	}
	d.config(s, config)
	s.finish()
	return s, d.problems.sorted()
}

// config reads the configuration keys of the program; those of providers are not ours to judge. Pulumi puts the project's
// name in front of a key that has no namespace.
func (d *decoder) config(s *Stack, node *yaml.Node) {
	v := reflectElem(s)
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for key, value := range d.pairs(node, nil) {
		namespace, name, ok := strings.Cut(key.Value, ":")
		if !ok {
			namespace, name = d.project, key.Value
		}
		if _, known := fields[name]; namespace != Namespace && namespace == d.project && (known || isSecure(value)) {
			// What was meant is not missing as well.
			if d.src.bad[name] = true; isSecure(value) {
				s.secretKeys[name] = true
			}
			d.fail(key, field.NewPath(key.Value), "is %s:%s for Pulumi, after the project's name in Pulumi.yaml; the program reads %s:%[2]s, "+
				"whatever the project is called: write that", namespace, name, Namespace)
			continue
		}
		if namespace != Namespace {
			if near := nearest(namespace, []string{Namespace}); near != "" {
				// What was meant is not missing as well.
				d.src.bad[name] = true
				d.fail(key, field.NewPath(key.Value), "unknown namespace %q; did you mean %q?", namespace, near)
			}
			continue
		}
		if seen[name] {
			d.fail(key, field.NewPath(name), "is written twice, as %s and as %s:%s", name, Namespace, name)
			continue
		}
		seen[name] = true
		index, known := fields[name]
		switch {
		case known && isSecure(value):
			d.fail(value, field.NewPath(name), "is a Pulumi secret as a whole; only single secrets are, in keys of their own: set this one without --secret")
		case known:
			d.decode(value, v.FieldByIndex(index), field.NewPath(name))
		case isSecure(value):
			s.secretKeys[name] = true
			d.src.at[name] = position{key.Line, key.Column}
		case value.Kind == yaml.ScalarNode && nearest(name, Keys()) == "":
			d.fail(key, field.NewPath(name), "unknown key %q; if it is a secret, set it with `pulumi config set --secret %s:%s`", name, Namespace, name)
		default:
			d.unknown(key, nil, name, Keys())
		}
	}
}

// FromConfig reads the stack from what the Pulumi engine gives: get returns the raw JSON of a key of
// [Keys], and for a key of a "config:key" reference whether it exists. It is as strict as [LoadFile], but
// knows no positions, and cannot see keys that it does not know.
func FromConfig(stack string, get func(key string) (raw string, ok bool)) (*Stack, Problems) {
	d := &decoder{src: newSource("")}
	s := newStack(stack, d.src)
	v := reflectElem(s)
	fields := fieldsOf(v.Type())
	for _, key := range Keys() {
		raw, ok := get(key)
		if !ok {
			continue
		}
		node, err := parseJSON(raw)
		if err != nil {
			d.fail(&yaml.Node{}, field.NewPath(key), "is not an object of keys and values: %s", err)
			continue
		}
		d.decode(node, v.FieldByIndex(fields[key]), field.NewPath(key))
	}
	s.finish()
	for _, ref := range s.SecretRefs() {
		if key, ok := ref.Ref.ConfigKey(); ok {
			if _, exists := get(key); exists {
				s.secretKeys[key] = true
			}
		}
	}
	return s, d.problems.sorted()
}

// newStack is a stack with its fixed defaults.
func newStack(name string, src *source) *Stack {
	s := &Stack{}
	ApplyDefaults(s)
	s.Name, s.source, s.secretKeys = name, src, map[string]bool{}
	return s
}

// finish makes what depends on several values.
func (s *Stack) finish() {
	s.inherit()
	s.derive()
}

// LoadProject reads every Pulumi.STACK.yaml in a directory, sorted by stack, with the problems of reading.
func LoadProject(dir string) ([]*Stack, Problems) {
	paths, err := filepath.Glob(filepath.Join(dir, "Pulumi.*.yaml"))
	if err != nil {
		return nil, Problems{{Severity: Error, Message: err.Error(), File: dir}}
	}
	if len(paths) == 0 {
		return nil, Problems{{Severity: Error, Message: fmt.Sprintf("there is no Pulumi.STACK.yaml in %s", dir), File: dir}}
	}
	var stacks []*Stack
	var problems Problems
	for _, path := range paths {
		s, ps := LoadFile(path)
		stacks = append(stacks, s)
		problems = append(problems, ps...)
	}
	return stacks, problems.sorted()
}

var yamlErrorLine = regexp.MustCompile(`^yaml: line ([0-9]+): (.*)$`)

// syntaxProblem turns the parser's error into a problem with a line.
func syntaxProblem(file string, data []byte, err error) Problem {
	p := Problem{Severity: Error, File: file}
	said := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlErrorLine.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1]) // the form allows digits alone
		p.Column, said = 1, m[2]
	}
	if words := plainly(data, p.Line, said); words != "" {
		said = words + " (the parser: " + said + ")"
	}
	p.Message = "is not YAML: " + said
	return p
}
