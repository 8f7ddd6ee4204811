package figures

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/report"
)

// The places in a project: the figures and the walks, and the pages with their tables.
const (
	figuresFile = "docs/figures.json"
	walksFile   = "docs/walked.json"
)

var (
	figuresTable = table{page: "README.md", begin: "<!-- figures, by `make figures` -->\n", end: "<!-- end of figures -->\n"}
	walksTable   = table{page: "docs/rehearsals.md", begin: "<!-- walks, by `make figures` -->\n", end: "<!-- end of walks -->\n"}
)

// table stands in a page, between two comments.
type table struct{ page, begin, end string }

// Update takes the figures and walks of reports into the project's, and writes the tables anew. It returns how many figures it took.
func Update(project string, reports []string) (taken int, err error) {
	all, err := read[Figure](filepath.Join(project, figuresFile))
	if err != nil {
		return 0, err
	}
	walks, err := Walks(project)
	if err != nil {
		return 0, err
	}
	for _, path := range reports {
		r, err := report.Read(path)
		if err != nil {
			return 0, err
		}
		newer := Of(r)
		taken += len(newer)
		all, walks = Merge(all, newer), Walked(walks, r)
	}
	return taken, errors.Join(
		write(filepath.Join(project, figuresFile), all), figuresTable.update(project, Table(all)),
		write(filepath.Join(project, walksFile), walks), walksTable.update(project, WalksTable(walks)),
	)
}

// update puts the content between the comments of the page.
func (t table) update(project, content string) error {
	path := filepath.Join(project, t.page)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	updated, err := t.with(string(text), content)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(updated), 0o644); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	return nil
}

// with is the page with another table.
func (t table) with(text, content string) (string, error) {
	head, rest, opened := strings.Cut(text, t.begin)
	_, tail, closed := strings.Cut(rest, t.end)
	if !opened || !closed {
		return "", errors.New("figures: " + t.page + " lacks the two comments around the table")
	}
	return head + t.begin + content + t.end + tail, nil
}
