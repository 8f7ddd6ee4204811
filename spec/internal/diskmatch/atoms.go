package diskmatch

import (
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
)

// atoms are the values that an expression compares each property with.
type atoms struct {
	texts map[string][]string
	sizes map[string][]uint64
	// used are all properties that the expression looks at.
	used map[string]bool
}

// links is the property that is a list: the names that udev gives to the disk.
const links = "symlinks"

func collect(root ast.Expr) atoms {
	a := atoms{texts: map[string][]string{}, sizes: map[string][]uint64{}, used: map[string]bool{}}
	placed := map[int64]bool{}
	var loose []string
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if name := property(e); name != "" {
			a.used[name] = true
		}
		if e.Kind() == ast.CallKind {
			a.call(e.AsCall(), placed)
		}
	}))
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.LiteralKind && !placed[e.ID()] {
			if text, ok := e.AsLiteral().Value().(string); ok {
				loose = append(loose, text)
			}
		}
	}))
	// A constant whose property is not plain to see may be meant for any of them.
	for name := range a.used {
		if textProperties[name] {
			a.texts[name] = append(a.texts[name], loose...)
		}
	}
	return a
}

// call notes the constants that stand beside a property in a call.
func (a *atoms) call(call ast.CallExpr, placed map[int64]bool) {
	operands := slices.Clone(call.Args())
	if call.IsMemberFunction() {
		operands = append([]ast.Expr{call.Target()}, operands...)
	}
	name := ""
	for _, o := range operands {
		if p := property(o); p != "" {
			name = p
		}
	}
	if name == "" {
		return
	}
	for _, o := range operands {
		if property(o) != "" {
			continue
		}
		for _, value := range constants(o, placed) {
			switch v := value.(type) {
			case string:
				a.texts[name] = append(a.texts[name], examples(call.FunctionName(), v)...)
			case uint64:
				a.sizes[name] = append(a.sizes[name], v)
			}
		}
	}
}

// property is the name of the disk's property that e is, or "".
func property(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		if e.AsIdent() == system {
			return system
		}
	case ast.SelectKind:
		if s := e.AsSelect(); s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "disk" {
			return s.FieldName()
		}
	}
	return ""
}

const system = "system_disk"

// constants are the values of an operand without any property in it.
func constants(e ast.Expr, placed map[int64]bool) []any {
	if e.Kind() == ast.ListKind {
		var out []any
		for _, item := range e.AsList().Elements() {
			out = append(out, constants(item, placed)...)
		}
		return out
	}
	if e.Kind() == ast.LiteralKind {
		if text, ok := e.AsLiteral().Value().(string); ok {
			placed[e.ID()] = true
			return []any{text}
		}
	}
	if n, ok := number(e); ok {
		return []any{n}
	}
	return nil
}

// number is the value of arithmetic over numbers and units.
func number(e ast.Expr) (uint64, bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().Value().(type) {
		case uint64:
			return v, true
		case int64:
			return uint64(max(v, 0)), true
		case float64:
			return uint64(max(v, 0)), true
		}
	case ast.IdentKind:
		n, ok := units[e.AsIdent()]
		return n, ok
	case ast.CallKind:
		call := e.AsCall()
		if len(call.Args()) == 1 {
			return number(call.Args()[0]) // uint(x)
		}
		if len(call.Args()) != 2 {
			return 0, false
		}
		x, okX := number(call.Args()[0])
		y, okY := number(call.Args()[1])
		if !okX || !okY {
			return 0, false
		}
		switch call.FunctionName() {
		case operators.Multiply:
			return x * y, true
		case operators.Add:
			return x + y, true
		case operators.Subtract:
			return x - y, true
		case operators.Divide:
			if y != 0 {
				return x / y, true
			}
		}
	}
	return 0, false
}

// units are those that Talos adds to the language
// (https://github.com/siderolabs/talos/blob/v1.11.1/pkg/machinery/cel/celenv/celenv.go).
var units = map[string]uint64{
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50, "EiB": 1 << 60,
	"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15, "EB": 1e18,
}

// examples are values that a comparison by function with text could be true for.
func examples(function, text string) []string {
	switch function {
	case "glob":
		plain := strings.ReplaceAll(text, "*", "")
		if plain == text {
			return []string{text}
		}
		return []string{text, plain}
	case "startsWith":
		return []string{text, text + "0"}
	case "endsWith":
		return []string{text, "0" + text}
	case "contains":
		return []string{text, "0" + text + "0"}
	case "matches":
		if re, err := syntax.Parse(text, syntax.Perl); err == nil {
			return []string{sample(re)}
		}
	}
	return []string{text}
}

// sample is a short text that a regular expression matches, as far as it can be built from its parts.
func sample(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			return string(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "0"
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		return sample(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(sample(re.Sub[0]), max(re.Min, 0))
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sample(sub))
		}
		return b.String()
	}
	return ""
}
