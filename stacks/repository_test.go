package stacks

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/gitremote"
)

func TestCluster_LooksForWhatFluxIsToFollowBeforeAnythingIsTouched(t *testing.T) {
	const repository, path = "https://github.com/home-ops/home-ops.git", "kubernetes/clusters/home"
	missing := &gitremote.MissingError{Repository: repository, Branch: "main", Branches: []string{"main"}, Folder: path}
	const lacks = "the branch main of " + repository + " has no folder " + path
	const refused = "flux: " + lacks + ", and Flux would wait for it: commit, `git push`, and run this again; nothing was touched"
	const warned = "warning: nobody could look whether " + repository + " has " + path +
		" on its branch main: git ls-remote: could not read Username. Flux will read it with access of its own."
	unknown := errors.New("git ls-remote: could not read Username")
	for name, c := range map[string]struct {
		update, again   bool
		found           error
		refused, warned string
		unasked         bool
	}{
		"it is not there":                               {update: true, found: missing, refused: refused},
		"it is there no more":                           {update: true, again: true, found: missing, refused: refused},
		"it is there, before the first update":          {},
		"it is not there, before the first update":      {found: missing, warned: "warning: " + lacks + ": push it before the update, which stops at this otherwise"},
		"nobody knows, before the first update":         {found: unknown, warned: warned},
		"a preview of a cluster that follows something": {again: true, found: missing, unasked: true},
	} {
		rec := engine(t, "home")
		if c.again {
			rec.LastOutputs = outputsOf(t, "home", "home")
		}
		p, unasked := near(), true
		p.Repository = func(_ context.Context, r, b, f string) error {
			unasked = false
			if r != repository || b != "main" || f != path {
				t.Errorf("%s: looked for %s on %s of %s", name, f, b, r)
			}
			return c.found
		}
		run := rec.Preview
		if c.update {
			run = rec.Run
		}
		err := run(p.Run, "home")
		if got := errorText(err); !strings.Contains(got, c.refused) || (c.refused == "") != (err == nil) {
			t.Errorf("%s: error %v, want %q", name, err, c.refused)
		}
		if unasked != c.unasked {
			t.Errorf("%s: unasked %t, want %t", name, unasked, c.unasked)
		}
		var warned []string
		for _, m := range rec.Messages() {
			if strings.Contains(m, repository) {
				warned = append(warned, m)
			}
		}
		if got := strings.Join(warned, "\n"); got != c.warned {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.warned)
		}
		if names := rec.Names(); c.refused != "" && len(names) > 0 {
			t.Errorf("%s: registered %v", name, names)
		}
	}
}

func TestCluster_LooksForNoArtifact(t *testing.T) {
	rec := engine(t, "home", replace("home-ops:flux", "https://github.com/home-ops/home-ops.git", "oci://ghcr.io/home-ops/home-ops"))
	p := near()
	p.Repository = func(context.Context, string, string, string) error {
		t.Error("git was asked for an artifact")
		return nil
	}
	if err := rec.Preview(p.Run, "home"); err != nil && strings.Contains(err.Error(), "git") {
		t.Fatal(err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
