package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/cmd/homeops/doctor"
)

// checkDoctor has copies saved, as `make up` does after each update, and asks `homeops doctor`, which must find no problem and end
// with 0. What else it warns of is named in the detail: a cluster of minutes has no snapshot of etcd yet.
func (r *rehearsal) checkDoctor(ctx context.Context, _ *cluster) (string, error) {
	file, err := r.fileWithCopies()
	if err != nil {
		return "", err
	}
	for _, what := range []string{"breakglass", "state"} {
		var out bytes.Buffer
		if err := r.homeopsTo(ctx, &out, "", what, "save", "-if-asked", file); err != nil {
			return "", fmt.Errorf("%w %s", err, strings.TrimSpace(out.String()))
		}
	}
	var out bytes.Buffer
	ended := r.homeopsTo(ctx, &out, "", "doctor", "-json", file)
	return examined(out.Bytes(), ended)
}

// young is what a cluster of minutes may be warned of.
var young = []string{"copies of etcd", "restore drill of etcd"}

// examined is what a doctor said who has found nothing wrong, or what he has found. What he warns of at a cluster is wrong too: nobody
// has cordoned a node here, and nothing is under way.
func examined(said []byte, ended error) (string, error) {
	var seen struct{ Checks doctor.Report }
	if err := json.Unmarshal(said, &seen); err != nil {
		return "", errors.Join(ended, fmt.Errorf("homeops doctor -json: %w", err))
	}
	looked, reached := 0, false
	by, problems := map[doctor.Verdict][]string{}, []string(nil)
	for _, c := range seen.Checks {
		// The stack file's is its path.
		by[c.Verdict] = append(by[c.Verdict], filepath.Base(c.Name))
		if c.Verdict == doctor.Problem || c.Verdict == doctor.Warning && c.Section == doctor.Cluster && !slices.Contains(young, c.Name) {
			problems = append(problems, c.Name+": "+c.Detail)
		}
		if c.Verdict != doctor.Unseen {
			looked++
			reached = reached || c.Section == doctor.Cluster
		}
	}
	switch {
	case len(problems) > 0:
		return "", errors.New(strings.Join(problems, "; "))
	case ended != nil:
		return "", ended
	case !reached:
		return "", errors.New("it has not looked at the cluster")
	}
	detail := fmt.Sprintf("%d things looked at", looked)
	for _, verdict := range []doctor.Verdict{doctor.Warning, doctor.Unseen} {
		if names := by[verdict]; len(names) > 0 {
			detail += fmt.Sprintf("; %s: %s", verdict, strings.Join(names, ", "))
		}
	}
	return detail, nil
}

// fileWithCopies is the stack file again, in a project of its own, with its copies in the rehearsal's folder: the place that the
// stack file names is its owner's, who has real copies there.
func (r *rehearsal) fileWithCopies() (string, error) {
	project := filepath.Join(r.config.Dir, "with-copies")
	place := filepath.Join(project, "break-glass")
	if err := os.MkdirAll(place, 0o700); err != nil {
		return "", err
	}
	text, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return "", fmt.Errorf("stack file: %w", err)
	}
	if r.stack.Secrets.BreakGlass != nil {
		text, _, err = r.changed(func(config map[string]any) error {
			secrets, _ := config["home-ops:secrets"].(map[string]any)
			kept, ok := secrets["breakGlass"].(map[string]any)
			if !ok {
				return errors.New("home-ops:secrets has no breakGlass")
			}
			kept["place"] = place
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	about, err := os.ReadFile(filepath.Join(r.config.Project, "Pulumi.yaml"))
	if err != nil {
		return "", err
	}
	file := filepath.Join(project, filepath.Base(r.file.Path))
	return file, errors.Join(
		os.WriteFile(filepath.Join(project, "Pulumi.yaml"), about, 0o600),
		os.WriteFile(file, text, 0o600),
	)
}
