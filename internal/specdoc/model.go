package specdoc

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// Model is everything that a stack file may say.
type Model struct {
	// Stack is the top of the file: its fields are the keys under config, without the namespace.
	Stack *Object
	// Objects lists every object in reading order, each once, the stack itself left out.
	Objects []*Object
}

// Object is a group of keys: a struct of package spec.
type Object struct {
	// Name is the Go type's name.
	Name string
	// Doc says what the object is.
	Doc    string
	Fields []*Field
	// Paths lists where the object stands, such as "nodes[].bond".
	Paths []string
}

// Field is one key of an object.
type Field struct {
	Key string
	// Doc says what the key means, with its default; keys stand in `backticks`.
	Doc      string
	Required bool
	// Example is the value of the example tag, or nil; ExampleText is the tag as it is written.
	Example     any
	ExampleText string
	// Default is the fixed default as it would be written in the file, or nil when there is none or it
	// depends on other values.
	Default any
	// Min and Max bound a number, or the length of a list.
	Min, Max *int64
	// Owner is the Go type that declares the field: the object's own, or one that it embeds.
	Owner string
	Type  *Type
	// Form is how its text, or the texts of its list, are written, where the type does not tell; or nil.
	Form *spec.Form
}

// Kind is the shape of a value.
type Kind int

// The shapes.
const (
	Scalar Kind = iota // text, a number or a truth value
	Struct             // an Object
	List
	Map  // keys of the writer's choice
	Free // anything
)

// Type is what a value may be.
type Type struct {
	Kind Kind
	// Go is the Go type, without pointers.
	Go reflect.Type
	// Object is set for a Struct.
	Object *Object
	// Elem is the type of the values of a List or Map.
	Elem *Type
	// Values lists what an enumeration allows.
	Values []string
}

// Read builds the model from the types of package spec and the comments in dir, its source directory.
func Read(dir string) (*Model, error) {
	c, err := readComments(dir)
	if err != nil {
		return nil, err
	}
	r := &reader{comments: c, objects: map[reflect.Type]*Object{}}
	stack := r.object(reflect.TypeFor[spec.Stack](), "")
	return &Model{Stack: stack, Objects: r.order}, r.err
}

type reader struct {
	comments *comments
	objects  map[reflect.Type]*Object
	order    []*Object
	err      error
}

func (r *reader) object(t reflect.Type, path string) *Object {
	o, seen := r.objects[t]
	if !seen {
		w := words{keys: fieldKeys(t)}
		o = &Object{Name: t.Name(), Doc: w.field(t.Name(), r.comments.types[t.Name()])}
		r.objects[t] = o
		if path != "" {
			r.order = append(r.order, o)
		}
		defaults := reflect.New(t)
		spec.ApplyDefaults(defaults.Interface())
		for _, f := range keyed(t) {
			o.Fields = append(o.Fields, r.field(w, ownerOf(t, f), f, defaults.Elem().FieldByIndex(f.Index)))
		}
	}
	if path != "" {
		o.Paths = append(o.Paths, path)
	}
	for _, f := range o.Fields {
		r.visit(f.Type, join(path, f.Key))
	}
	return o
}

// visit builds the objects below a field and notes where they stand.
func (r *reader) visit(t *Type, path string) {
	switch t.Kind {
	case Struct:
		t.Object = r.object(t.Go, path)
	case List:
		r.visit(t.Elem, path+"[]")
	case Map:
		r.visit(t.Elem, path+".*")
	}
}

func (r *reader) field(w words, owner string, f reflect.StructField, value reflect.Value) *Field {
	doc := r.comments.fields[owner][f.Name]
	if doc == "" && r.err == nil {
		r.err = fmt.Errorf("spec.%s.%s has no doc comment: say what it means", owner, f.Name)
	}
	t := typeOf(f.Type)
	w.values = t.Values
	out := &Field{
		Key:      keyOf(f),
		Doc:      w.field(f.Name, doc),
		Required: f.Tag.Get("required") == "true",
		Min:      bound(f, "min"),
		Max:      bound(f, "max"),
		Owner:    owner,
		Type:     t,
	}
	if form, ok := spec.FormOfField(f); ok {
		out.Form = &form
	} else if name := f.Tag.Get("form"); name != "" && r.err == nil {
		r.err = fmt.Errorf("spec.%s.%s has the form %q, which is none", owner, f.Name, name)
	}
	if example, ok := f.Tag.Lookup("example"); ok {
		out.ExampleText = example
		if err := yaml.Unmarshal([]byte(example), &out.Example); err != nil || out.Type.isText() {
			out.Example = example
		}
	}
	// The releases move by themselves, and a generated file that holds them would be stale after each.
	if !out.Required && out.Type.Go != reflect.TypeFor[spec.Version]() {
		out.Default = written(value)
	}
	if out.Default == nil && out.Type.Kind == Scalar {
		out.Default = statedZero(doc, f.Type.Kind())
	}
	return out
}

// statedZero is a default that Go leaves at its zero value and the comment states: false or 0.
func statedZero(doc string, kind reflect.Kind) any {
	_, text := cutDefault(doc)
	first, _, _ := strings.Cut(text, ",")
	switch {
	case kind == reflect.Bool && first == "false":
		return false
	case kind == reflect.Int && first == "0":
		return 0
	default:
		return nil
	}
}

func bound(f reflect.StructField, tag string) *int64 {
	n, err := strconv.ParseInt(f.Tag.Get(tag), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

func typeOf(t reflect.Type) *Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	out := &Type{Go: t}
	if e, ok := reflect.Zero(t).Interface().(interface{ Values() []string }); ok {
		out.Values = e.Values()
	}
	switch {
	case t.Implements(textMarshaler):
	case t.Kind() == reflect.Struct:
		out.Kind = Struct
	case t.Kind() == reflect.Slice:
		out.Kind, out.Elem = List, typeOf(t.Elem())
	case t.Kind() == reflect.Map:
		out.Kind, out.Elem = Map, typeOf(t.Elem())
	case t.Kind() == reflect.Interface:
		out.Kind = Free
	}
	return out
}

// isText reports whether a value is written as text, even when YAML could read it as something else.
func (t *Type) isText() bool {
	return t.Kind == Scalar && (t.Go.Kind() == reflect.String || t.Go.Implements(textMarshaler))
}

// written is a default as it would stand in the file. A zero value counts as none, since the loader may
// still make it depend on other values.
func written(v reflect.Value) any {
	if v.IsZero() {
		return nil
	}
	if t, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := t.MarshalText()
		if err != nil {
			return nil
		}
		return string(text)
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int:
		return v.Int()
	case reflect.Uint32:
		return int64(v.Uint())
	case reflect.Bool:
		return v.Bool()
	case reflect.Slice:
		var out []any
		for i := range v.Len() {
			out = append(out, written(v.Index(i)))
		}
		return out
	default:
		return nil
	}
}

// keyed lists the fields of a struct that have a key, embedded ones included.
func keyed(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous && keyOf(f) != "" {
			out = append(out, f)
		}
	}
	return out
}

func keyOf(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if key == "-" {
		return ""
	}
	return key
}

// fieldKeys maps the Go names that the comments of t's fields may use to keys.
func fieldKeys(t reflect.Type) map[string]string {
	out := map[string]string{}
	if t == reflect.TypeFor[spec.NodeSettings]() {
		// Settings are written beside the other keys of a node, and their comments speak of those.
		t = reflect.TypeFor[spec.Node]()
	}
	for _, f := range keyed(t) {
		out[f.Name] = keyOf(f)
	}
	return out
}

// ownerOf is the name of the struct that declares a field, which is an embedded one for promoted fields.
func ownerOf(t reflect.Type, f reflect.StructField) string {
	for _, i := range f.Index[:len(f.Index)-1] {
		t = t.Field(i).Type
	}
	return t.Name()
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
