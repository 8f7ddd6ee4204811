package specdoc

import (
	"bytes"
	_ "embed"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// ManualPath is where the reference manual lies in the project.
const ManualPath = "docs/stack-file.md"

//go:embed manual.md.tmpl
var manualTemplate string

// Example is a short stack file, of three nodes, that works as it stands.
//
//go:embed three-nodes.yaml
var Example string

// Manual is the reference manual in Markdown, ready to be written to [ManualPath].
func (m *Model) Manual() ([]byte, error) {
	t, err := template.New("manual.md.tmpl").Parse(manualTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"Example": Example, "Forms": formRows(), "Chapters": m.chapters()})
	return b.Bytes(), err
}

// section is one heading of the manual with the table of its keys.
type section struct {
	Path string
	Doc  string
	// Elsewhere lists the other places where the same object may stand.
	Elsewhere string
	// Also is the section whose keys may be written here too.
	Also string
	Rows []row
}

type row struct{ Key, Type, Default, Meaning string }

// chapter is one top-level key: its own section, and those of the objects that are met there first.
type chapter struct {
	section
	Sections []section
}

func (m *Model) chapters() []chapter {
	var out []chapter
	for _, top := range m.Stack.Fields {
		c := chapter{section: section{Path: top.Key, Doc: linked(top.Doc)}}
		own := objectOf(top.Type)
		for _, o := range m.Objects {
			if key, _, _ := strings.Cut(strings.ReplaceAll(o.Paths[0], "[]", ""), "."); key != top.Key {
				continue
			}
			if s := m.section(o); o == own {
				s.Path, s.Doc = c.Path, c.Doc
				c.section = s
			} else {
				c.Sections = append(c.Sections, s)
			}
		}
		out = append(out, c)
	}
	return out
}

func objectOf(t *Type) *Object {
	for t.Elem != nil {
		t = t.Elem
	}
	return t.Object
}

func (m *Model) section(o *Object) section {
	s := section{Path: o.Paths[0], Doc: linked(o.Doc)}
	var others []string
	for _, p := range places(o)[1:] {
		others = append(others, "`"+p+"`")
	}
	s.Elsewhere = strings.Join(others, ", ")
	for _, f := range o.Fields {
		if f.Owner != o.Name {
			s.Also = m.heading(f.Owner)
			continue
		}
		s.Rows = append(s.Rows, m.row(f))
	}
	return s
}

// places lists where an object stands. What stands in nodeDefaults may stand in a node too; that is said once,
// for both.
func places(o *Object) []string {
	return slices.DeleteFunc(slices.Clone(o.Paths), func(path string) bool {
		in, ok := strings.CutPrefix(path, "nodes[].")
		return ok && slices.Contains(o.Paths, "nodeDefaults."+in)
	})
}

// heading is a link to the section of the object of that name. An object that stands in several places goes
// by its own name.
func (m *Model) heading(name string) string {
	for _, o := range m.Objects {
		if o.Name != name {
			continue
		}
		path := o.Paths[0]
		if !strings.Contains(path, ".") {
			path = strings.TrimSuffix(path, "[]")
		}
		if len(places(o)) > 1 {
			return fmt.Sprintf("[%s](#%s)", human(name), anchor(path))
		}
		return fmt.Sprintf("[`%s`](#%s)", path, anchor(path))
	}
	return "`" + name + "`"
}

// anchor is the fragment that GitHub makes of a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(".[]*`", r) {
			return -1
		}
		return r
	}, strings.ToLower(heading))
}

func (m *Model) row(f *Field) row {
	meaning, stated := cutDefault(f.Doc)
	r := row{Key: "`" + f.Key + "`", Type: m.typeWords(f), Default: cell(stated), Meaning: cell(linked(meaning))}
	if f.ExampleText != "" {
		r.Meaning += " Example: `" + cell(f.ExampleText) + "`."
	}
	switch {
	case f.Required:
		r.Default = "**required**"
	case f.Type.Go == reflect.TypeFor[spec.Version]():
		r.Default = "[tested](../spec/versions.yaml)"
	case stated == "" && f.Default != nil:
		r.Default = "`" + cell(inline(f.Default)) + "`"
	case stated == "":
		r.Default = "–"
	}
	return r
}

// typeWords says what a value looks like, with its bounds.
func (m *Model) typeWords(f *Field) string {
	out := m.typeName(f.Type)
	if f.Form != nil {
		out = strings.Replace(out, "text", f.Form.Word, 1)
	}
	unit := ""
	if f.Type.Kind == List {
		unit = " entries"
	}
	switch {
	case f.Min != nil && f.Max != nil:
		out += fmt.Sprintf(", %d–%d%s", *f.Min, *f.Max, unit)
	case f.Min != nil:
		out += fmt.Sprintf(", at least %d", *f.Min)
	case f.Max != nil:
		out += fmt.Sprintf(", at most %d", *f.Max)
	}
	return out
}

func (m *Model) typeName(t *Type) string {
	if form, ok := spec.FormOf(t.Go); ok {
		return form.Word
	}
	switch {
	case len(t.Values) > 0:
		return "`" + strings.Join(t.Values, "`, `") + "`"
	case t.Kind == Struct:
		return m.heading(t.Object.Name)
	case t.Kind == List:
		return "list of " + m.typeName(t.Elem)
	case t.Kind == Map:
		return "map to " + m.typeName(t.Elem)
	case t.Kind == Free:
		return "anything"
	case t.isText():
		return "text"
	case t.Go.Kind() == reflect.Bool:
		return "true or false"
	default:
		return "number"
	}
}

// inline writes a value as one line of YAML.
func inline(v any) string {
	var node yaml.Node
	if err := node.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	node.Style = yaml.FlowStyle
	out, err := yaml.Marshal(&node)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(string(out))
}

// cell is a text that does not break a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// linked turns an address in parentheses into a link.
func linked(s string) string { return bareURL.ReplaceAllString(s, "([more]($1))") }

func formRows() []row {
	var out []row
	for _, f := range spec.Forms() {
		out = append(out, row{Key: f.Word, Meaning: cell(f.Hint)})
	}
	slices.SortFunc(out, func(a, b row) int { return strings.Compare(a.Key, b.Key) })
	return out
}
