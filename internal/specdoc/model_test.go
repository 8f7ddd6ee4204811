package specdoc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/specdoc"
	"github.com/home-ops/home-ops/spec"
)

func TestGeneratedFiles_AreCurrent(t *testing.T) {
	m := model(t)
	for path, generate := range map[string]func() ([]byte, error){
		specdoc.SchemaPath: m.Schema,
		specdoc.ManualPath: m.Manual,
	} {
		want, err := generate()
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || string(have) != string(want) {
			t.Errorf("%s is not current: run `make generate` and commit it", path)
		}
	}
}

func TestStackFiles_NameTheSchemaFirst(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "spec/spectest/testdata/Pulumi.*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := "# yaml-language-server: $schema=" + specdoc.SchemaPath + "\n"
		if !strings.HasPrefix(string(content), want) {
			t.Errorf("%s: the first line must be %q, so that editors complete and check the file", file, want)
		}
	}
}

func TestExample_WorksAndIsShort(t *testing.T) {
	s, problems := spec.Load("example", []byte(specdoc.Example))
	for _, p := range spec.Merge(problems, s.Validate()) {
		t.Error(p)
	}
	if n := strings.Count(specdoc.Example, "\n"); n > 33 {
		t.Errorf("the example has %d lines", n)
	}
}

// A default is written twice, in Go and in the comment: they must not part.
func TestComments_StateTheDefaultsThatTheCodeSets(t *testing.T) {
	m := model(t)
	for _, o := range append(m.Objects, m.Stack) {
		for _, f := range o.Fields {
			at := o.Name + "." + f.Key
			_, stated, says := strings.Cut(f.Doc, "Default: ")
			switch {
			case f.Required && says:
				t.Errorf("%s is required and its comment states a default", at)
			case f.Default == nil:
			case !says:
				t.Errorf("%s: the comment does not state its default, %v", at, f.Default)
			case f.Type.Kind == specdoc.Scalar && !strings.HasPrefix(strings.Trim(stated, `"`), fmt.Sprint(f.Default)):
				t.Errorf("%s: the comment states %q, the code sets %v", at, stated, f.Default)
			}
		}
	}
}

var (
	tableLink = regexp.MustCompile(`\]\(#([^)]*)\)`)
	heading   = regexp.MustCompile("(?m)^#{2,3} (.*)$")
)

func TestManual_LinksLeadToItsHeadings(t *testing.T) {
	out, err := model(t).Manual()
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(string(out), -1) {
		// As GitHub does: lower case, without punctuation, dashes for blanks.
		a := regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(strings.ToLower(h[1]), "")
		a = strings.ReplaceAll(a, " ", "-")
		if anchors[a] {
			t.Errorf("two headings have the anchor %q", a)
		}
		anchors[a] = true
	}
	links := tableLink.FindAllStringSubmatch(string(out), -1)
	for _, l := range links {
		if !anchors[l[1]] {
			t.Errorf("no heading for #%s", l[1])
		}
	}
	if len(links) < 30 {
		t.Errorf("only %d links in the manual", len(links))
	}
}

func TestRead_RefusesAFieldWithoutAComment(t *testing.T) {
	dir := t.TempDir()
	source := "package spec\n\n// Stack is one stack file.\ntype Stack struct {\n\tCluster Cluster\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "stack.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := specdoc.Read(dir)
	if err == nil || err.Error() != "spec.Stack.Cluster has no doc comment: say what it means" {
		t.Errorf("got %v", err)
	}
}
