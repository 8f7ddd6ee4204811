// Package doclinks checks the links between the Markdown files of a repository: that the file is there, and the heading in
// it. It reads Markdown as GitHub does, with goldmark (https://github.com/yuin/goldmark), so that what looks like a link
// inside a code block is none. Nothing but tests uses it.
package doclinks

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// page is what is to be known of one file.
type page struct {
	anchors map[string]bool
	links   []link
}

// link is a link or a picture, with its line.
type link struct {
	to   string
	line int
}

// Check reports links of the named Markdown files that lead to no file or folder of the tree, or to no heading of a file.
// Links with a scheme lead out of the tree and are not followed.
func Check(tree fs.FS, files []string) []error {
	pages := map[string]*page{}
	read := func(name string) (*page, error) {
		if p, done := pages[name]; done {
			return p, nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		pages[name] = parse(source)
		return pages[name], nil
	}
	var errs []error
	for _, file := range files {
		p, err := read(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, l := range p.links {
			if fault := follow(tree, read, file, l.to); fault != "" {
				errs = append(errs, fmt.Errorf("%s:%d: %s: %s", file, l.line, l.to, fault))
			}
		}
	}
	return errs
}

// follow says why a link of a file leads nowhere, or nothing.
func follow(tree fs.FS, read func(string) (*page, error), file, to string) string {
	u, err := url.Parse(to)
	if err != nil {
		return err.Error()
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	target := file
	if u.Path != "" {
		target = path.Join(path.Dir(file), u.Path)
		if strings.HasPrefix(target, "../") || strings.HasPrefix(u.Path, "/") {
			return "it leads out of the repository"
		}
		if _, err := fs.Stat(tree, target); err != nil {
			return "there is no such file"
		}
	}
	if u.Fragment == "" {
		return ""
	}
	if path.Ext(target) != ".md" {
		return "only a Markdown file has headings to lead to"
	}
	p, err := read(target)
	if err != nil {
		return err.Error()
	}
	if !p.anchors[u.Fragment] {
		return "there is no such heading"
	}
	return ""
}

// parse reads the headings and links of a Markdown file.
func parse(source []byte) *page {
	p := &page{anchors: map[string]bool{}}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	// Walking an AST ends with an error only where the visitor returns one.
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			p.anchor(plain(n, source))
		case *ast.Link:
			p.links = append(p.links, link{string(n.Destination), lineOf(n, source)})
		case *ast.Image:
			p.links = append(p.links, link{string(n.Destination), lineOf(n, source)})
		}
		return ast.WalkContinue, nil
	})
	return p
}

// anchor adds the anchor of a heading; the second of one text ends in -1, the third in -2.
func (p *page) anchor(heading string) {
	name := Slug(heading)
	for i := 1; p.anchors[name]; i++ {
		name = fmt.Sprintf("%s-%d", Slug(heading), i)
	}
	p.anchors[name] = true
}

// Slug is the anchor of a heading, as GitHub makes it: small letters, digits, dashes for spaces, and nothing else
// (https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links).
func Slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r), r == '_', r == '-':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.TrimSpace(heading))
}

// plain is the text of a node without its markup.
func plain(n ast.Node, source []byte) string {
	var out strings.Builder
	_ = ast.Walk(n, func(child ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := child.(*ast.Text); ok && entering {
			out.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return out.String()
}

// lineOf is the line of the block that a node is in, counted from 1.
func lineOf(n ast.Node, source []byte) int {
	for ; n != nil; n = n.Parent() {
		if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
			return 1 + strings.Count(string(source[:n.Lines().At(0).Start]), "\n")
		}
	}
	return 0
}

// Files are the Markdown files of a tree, without those of the folders that are built or fetched.
func Files(tree fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "out", "node_modules", "testdata"}, entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && path.Ext(name) == ".md":
			files = append(files, name)
		}
		return nil
	})
	return files, err
}
