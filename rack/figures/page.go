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
	// A page that lacks its comments is told before anything is written.
	figuresPage, errFigures := figuresTable.updated(project, Table(all))
	walksPage, errWalks := walksTable.updated(project, WalksTable(walks))
	if err := errors.Join(errFigures, errWalks); err != nil {
		return 0, err
	}
	return taken, errors.Join(
		write(filepath.Join(project, figuresFile), all), figuresTable.write(project, figuresPage),
		write(filepath.Join(project, walksFile), walks), walksTable.write(project, walksPage),
	)
}

// updated is the page with the content between its comments.
func (t table) updated(project, content string) (string, error) {
	text, err := os.ReadFile(filepath.Join(project, t.page))
	if err != nil {
		return "", fmt.Errorf("figures: %w", err)
	}
	return t.with(string(text), content)
}

func (t table) write(project, text string) error {
	if err := os.WriteFile(filepath.Join(project, t.page), []byte(text), 0o644); err != nil {
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
