package doclinks_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/home-ops/home-ops/internal/doclinks"
)

func TestRepository_HasNoLinkThatLeadsNowhere(t *testing.T) {
	tree := os.DirFS("../..")
	files, err := doclinks.Files(tree)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(files, "README.md") || !slices.Contains(files, "docs/runbooks/alerts/README.md") {
		t.Fatalf("the files are not those of the repository: %q", files)
	}
	if err := errors.Join(doclinks.Check(tree, files)...); err != nil {
		t.Error(err)
	}
}

func TestCheck_SeesEachFaultOfALink(t *testing.T) {
	target := "# The `Home`, drawn\n\n## Twice\n\n## Twice\n"
	for name, test := range map[string]struct{ text, want string }{
		"a file":                {"[a](b.md)", ""},
		"a folder":              {"[a](..)", ""},
		"a heading":             {"[a](b.md#the-home-drawn)", ""},
		"the second of a name":  {"[a](b.md#twice-1)", ""},
		"its own heading":       {"# Here\n\n[a](#here)", ""},
		"another site":          {"[a](https://example.com/nothing#x) [b](mailto:me@example.com)", ""},
		"in a block of code":    {"```\n[a](nothing.md)\n```\n\n`[a](nothing.md)`", ""},
		"no file":               {"words\n\n[a](nothing.md)", "docs/a.md:3: nothing.md: there is no such file"},
		"no picture":            {"| x |\n|---|\n| ![a](p.svg) |", "docs/a.md:3: p.svg: there is no such file"},
		"no heading":            {"[a](b.md#the-house)", "docs/a.md:1: b.md#the-house: there is no such heading"},
		"the third of a name":   {"[a](b.md#twice-2)", "docs/a.md:1: b.md#twice-2: there is no such heading"},
		"a heading of a file":   {"[a](../main.go#x)", "docs/a.md:1: ../main.go#x: only a Markdown file has headings to lead to"},
		"out of the repository": {"[a](../../x.md)", "docs/a.md:1: ../../x.md: it leads out of the repository"},
		"from the root":         {"[a](/docs/b.md)", "docs/a.md:1: /docs/b.md: it leads out of the repository"},
	} {
		tree := fstest.MapFS{"docs/a.md": {Data: []byte(test.text)}, "docs/b.md": {Data: []byte(target)}, "main.go": {}}
		got := ""
		if err := errors.Join(doclinks.Check(tree, []string{"docs/a.md"})...); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
