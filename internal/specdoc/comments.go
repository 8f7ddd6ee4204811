package specdoc

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// comments holds the doc comments of a package's types, and of the fields of its structs by the fields'
// Go names, each as one line of text.
type comments struct {
	types  map[string]string
	fields map[string]map[string]string
}

// readComments parses the Go files of a directory, tests left out.
func readComments(dir string) (*comments, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	c := &comments{types: map[string]string{}, fields: map[string]map[string]string{}}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("doc comments: %w", err)
		}
		for _, decl := range parsed.Decls {
			if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				c.addTypes(g)
			}
		}
	}
	if len(c.types) == 0 {
		return nil, fmt.Errorf("doc comments: no Go types in %s", dir)
	}
	return c, nil
}

func (c *comments) addTypes(g *ast.GenDecl) {
	for _, s := range g.Specs {
		t := s.(*ast.TypeSpec)
		doc := t.Doc
		if doc == nil {
			doc = g.Doc
		}
		c.types[t.Name.Name] = oneLine(doc)
		st, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		fields := map[string]string{}
		for _, f := range st.Fields.List {
			for _, name := range f.Names {
				fields[name.Name] = oneLine(f.Doc)
			}
		}
		c.fields[t.Name.Name] = fields
	}
}

// oneLine joins the lines of a comment; what is indented after a blank line, such as a list of forms, stays
// apart from the text as a sentence of its own.
func oneLine(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	return strings.Join(strings.Fields(doc.Text()), " ")
}
