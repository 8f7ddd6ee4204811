package launch

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/internal/gitarchive"
	"github.com/home-ops/home-ops/rack/build"
)

// checkOutBase writes the project as it was at a commit into a folder of its own below out, and returns the folder. Of several at
// once, one does.
func checkOutBase(ctx context.Context, project, commit string) (string, error) {
	hash, err := gitarchive.Resolve(ctx, project, commit)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(project, "out", "base", hash)
	unlock, err := build.Lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	partial := dir + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o755)); err != nil {
		return "", err
	}
	if err := gitarchive.Extract(ctx, project, hash, partial, nil); err != nil {
		return "", err
	}
	return dir, os.Rename(partial, dir)
}
