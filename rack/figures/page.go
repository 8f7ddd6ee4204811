package figures

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/report"
)

// The places in a project: the figures, and the page with their table between two comments.
const (
	file  = "docs/figures.json"
	page  = "README.md"
	begin = "<!-- figures, by `make figures` -->\n"
	end   = "<!-- end of figures -->\n"
)

// Update takes the figures of reports into the project's, and writes the table anew. It returns how many it took.
func Update(project string, reports []string) (taken int, err error) {
	all, err := Read(filepath.Join(project, file))
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
		all = Merge(all, newer)
	}
	text, err := os.ReadFile(filepath.Join(project, page))
	if err != nil {
		return 0, fmt.Errorf("figures: %w", err)
	}
	updated, err := withTable(string(text), Table(all))
	if err != nil {
		return 0, err
	}
	if err := Write(filepath.Join(project, file), all); err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(project, page), []byte(updated), 0o644); err != nil {
		return 0, fmt.Errorf("figures: %w", err)
	}
	return taken, nil
}

// withTable is the page with another table.
func withTable(text, table string) (string, error) {
	head, rest, opened := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return "", errors.New("figures: " + page + " lacks the two comments around the table")
	}
	return head + begin + table + end + tail, nil
}
