package runbook_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/home-ops/home-ops/internal/runbook"
)

func project(t *testing.T, text string) fstest.MapFS {
	t.Helper()
	return fstest.MapFS{
		"docs/runbooks/alerts/page.md": {Data: []byte(text)}, "docs/runbooks/picture.svg": {Data: []byte("```sh\nno\n```")},
		"docs/edge.md": {Data: []byte("See `zpool status`, not `zpools`.\n")}, "docs/secrets.md": {},
	}
}

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/page.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAll_AreTheCommandsOfTheBlocks(t *testing.T) {
	all, err := runbook.All(project(t, page(t)))
	if err != nil {
		t.Fatal(err)
	}
	var got, programs []string
	for _, c := range all {
		if named := c.Text == "kubectl get pv" || c.Text == "make up" || c.Guide(); c.Named() != named || c.Inline != (c.Line == 3 || c.Guide()) {
			t.Errorf("%+v is named: %t", c, c.Named())
		}
		if script := strings.ReplaceAll(c.Script, "\n", " "); script != c.Text || strings.Contains(c.Script, "\n") != strings.HasPrefix(c.Text, "for ") {
			t.Errorf("%+v: a shell would run %q", c, c.Script)
		}
		got, programs = append(got, c.String()), append(programs, c.Program())
	}
	want := []string{
		"docs/runbooks/alerts/page.md:3: kubectl get pv",
		"docs/runbooks/alerts/page.md:3: homeops doctor STACK",
		"docs/runbooks/alerts/page.md:3: make up",
		"docs/runbooks/alerts/page.md:6: homeops reset STACK NODE",
		"docs/runbooks/alerts/page.md:7: homeops breakglass put STACK -identity key.txt",
		"docs/runbooks/alerts/page.md:13: kubectl -n rook-ceph get cephcluster -o jsonpath='{.items[0].status}'",
		"docs/runbooks/alerts/page.md:14: for key in A B; do export $key=1 done",
		"docs/runbooks/alerts/page.md:18: HOMEOPS_ETCD_SNAPSHOT=$PWD/etcd.db pulumi up --stack STACK --refresh",
		"docs/edge.md:1: zpool status",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if want := []string{"kubectl", "homeops", "make", "homeops", "homeops", "kubectl", "for", "pulumi", "zpool"}; !slices.Equal(programs, want) {
		t.Errorf("programs %v", programs)
	}
}

func TestAll_KnowsABlockWithoutItsEnd(t *testing.T) {
	for _, text := range []string{"\n```sh\nls\n", "```sh\nfor a in b; do\n```\n", "```sh\na \\\n```\n"} {
		if _, err := runbook.All(project(t, text)); err == nil || !strings.Contains(err.Error(), "the block has no end") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPage_TellsBlocksThatStandAloneAndJoinsLines(t *testing.T) {
	text := "`go run ./cmd/homeops init -h` and `KUBECONFIG=a:b kubectl config view`\n```sh run\nhomeops init house \\\n  --yes \\\n  --vip=none\nhomeops validate\n```\n```sh\nmake up\n```\n"
	got, err := runbook.Page(fstest.MapFS{"docs/first.md": {Data: []byte(text)}}, "docs/first.md")
	if err != nil {
		t.Fatal(err)
	}
	of := func(line int, text string, inline, alone bool) runbook.Command {
		return runbook.Command{Page: "../first.md", Line: line, Text: text, Script: text, Inline: inline, Alone: alone}
	}
	want := []runbook.Command{
		of(1, "go run ./cmd/homeops init -h", true, false), of(1, "KUBECONFIG=a:b kubectl config view", true, false),
		of(3, "homeops init house --yes --vip=none", false, true), of(6, "homeops validate", false, true), of(9, "make up", false, false),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestPage_IsThere(t *testing.T) {
	for _, page := range runbook.First {
		if all, err := runbook.Page(os.DirFS("../.."), page); err != nil || len(all) == 0 {
			t.Errorf("%s: %d commands, %v", page, len(all), err)
		}
	}
}

func TestWords_AreWhatAShellHandsOver(t *testing.T) {
	for text, test := range map[string]struct {
		want, err string
	}{
		"homeops reset STACK NODE":        {"homeops|reset|home|worker-1", ""},
		"kubectl logs job/NODE -A":        {"kubectl|logs|job/worker-1|-A", ""},
		"a -p '{\"b\": \"c d\"}' \"e f\"": {`a|-p|{"b": "c d"}|e f`, ""},
		"restore -identity key.txt":       {"restore|-identity|/tmp/key", ""},
		"describe VOLUME":                 {"", "nothing stands for VOLUME"},
		"a $PWD/b":                        {"", "only a shell can run it, for its '$'"},
		"a | b":                           {"", "only a shell can run it, for its '|'"},
		"a 'b":                            {"", `its '\'' has no end`},
	} {
		words, err := runbook.Command{Page: "p.md", Line: 1, Text: text}.Words(map[string]string{
			"STACK": "home", "NODE": "worker-1", "key.txt": "/tmp/key",
		})
		if got := strings.Join(words, "|"); got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.HasSuffix(err.Error(), test.err) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestFind_WantsTheVeryWords(t *testing.T) {
	pages := project(t, page(t))
	if c, err := runbook.Find(pages, "alerts/page.md", "homeops reset STACK NODE"); err != nil || c.Line != 6 || len(c.Placeholders()) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	_, err := runbook.Find(pages, "alerts/page.md", "homeops reset STACK")
	if want := `docs/runbooks/alerts/page.md has no command "homeops reset STACK" any more: whoever runs it has to follow the page`; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
