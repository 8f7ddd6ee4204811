package promrules

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/prometheus/model/rulefmt"
)

func TestAlerts_EachHasItsRunbookAndEachRunbookItsAlert(t *testing.T) {
	all, _ := tree(t)
	if err := checkRunbooks(all, repository); err != nil {
		t.Error(err)
	}
}

func TestCheckRunbooks_SeesEachFault(t *testing.T) {
	alert := func(link string) rules {
		return rules{"a.yaml": {Groups: []rulefmt.RuleGroup{{Rules: []rulefmt.Rule{{
			Alert: "Down", Annotations: map[string]string{runbookAnnotation: link},
		}}}}}}
	}
	const link = "${RUNBOOKS_URL}/Down.md"
	whole := "# Down\n\n" + strings.Join(runbookParts, "\nwords\n") + "\nwords\n"
	for name, test := range map[string]struct {
		link  string
		pages map[string]string
		want  string
	}{
		"all is there":      {link, map[string]string{"Down.md": whole, "README.md": ""}, ""},
		"no link":           {"", map[string]string{"Down.md": whole}, `a.yaml: Down: its runbook_url is ""; write ${RUNBOOKS_URL}/Down.md`},
		"no page":           {link, nil, "a.yaml: Down has no page; write docs/runbooks/alerts/Down.md"},
		"a page too many":   {link, map[string]string{"Down.md": whole, "Up.md": whole}, "docs/runbooks/alerts/Up.md: there is no alert Up; take the page away"},
		"another heading":   {link, map[string]string{"Down.md": strings.Replace(whole, "# Down", "# Up", 1)}, "docs/runbooks/alerts/Down.md: it begins otherwise than with # Down"},
		"a part is missing": {link, map[string]string{"Down.md": strings.Replace(whole, "## First look", "", 1)}, `docs/runbooks/alerts/Down.md: there is no part "## First look", or it is not in its place`},
	} {
		files := fstest.MapFS{}
		for page, text := range test.pages {
			files[runbooks+"/"+page] = &fstest.MapFile{Data: []byte(text)}
		}
		got := ""
		if err := checkRunbooks(alert(test.link), files); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}
