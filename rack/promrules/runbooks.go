package promrules

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/prometheus/prometheus/model/rulefmt"
)

// runbookAnnotation leads from an alert to the page that says what to do. Alertmanager and Grafana show it as a link.
const runbookAnnotation = "runbook_url"

// runbooks is the folder of the pages, one an alert, in the repository.
const runbooks = "docs/runbooks/alerts"

// The parts that every page has, in this order.
var runbookParts = []string{"## What it means", "## First look", "## What to do", "## When to ignore it"}

// checkRunbooks reports alerts without a page or without the link to it, pages without an alert, and pages that lack a part.
// The pages are those of the repository.
func checkRunbooks(all rules, repository fs.FS) error {
	var errs []error
	alerts := map[string]bool{}
	all.each(func(file string, rule *rulefmt.Rule) {
		if rule.Alert == "" {
			return
		}
		alerts[rule.Alert] = true
		if got, want := rule.Annotations[runbookAnnotation], "${RUNBOOKS_URL}/"+rule.Alert+".md"; got != want {
			errs = append(errs, fmt.Errorf("%s: %s: its %s is %q; write %s", file, rule.Alert, runbookAnnotation, got, want))
		}
		page := path.Join(runbooks, rule.Alert+".md")
		text, err := fs.ReadFile(repository, page)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s has no page; write %s", file, rule.Alert, page))
			return
		}
		rest := string(text)
		if !strings.HasPrefix(rest, "# "+rule.Alert+"\n") {
			errs = append(errs, fmt.Errorf("%s: it begins otherwise than with # %s", page, rule.Alert))
		}
		for _, part := range runbookParts {
			_, after, ok := strings.Cut(rest, "\n"+part+"\n")
			if !ok {
				errs = append(errs, fmt.Errorf("%s: there is no part %q, or it is not in its place", page, part))
				continue
			}
			rest = after
		}
	})
	pages, err := fs.Glob(repository, path.Join(runbooks, "*.md"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		if name := strings.TrimSuffix(path.Base(page), ".md"); name != "README" && !alerts[name] {
			errs = append(errs, fmt.Errorf("%s: there is no alert %s; take the page away", page, name))
		}
	}
	return errors.Join(errs...)
}
