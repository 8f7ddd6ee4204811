package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// runDir is the directory of one rehearsal. It is held by a lock for as long as the launcher lives, so that the next
// rehearsal can tell a leftover from a neighbour.
type runDir struct {
	path string
	lock *os.File
}

// newRunDir clears what killed rehearsals of the stack left under base, and makes a directory for this one.
func newRunDir(base string) (*runDir, error) {
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	leftovers, err := filepath.Glob(filepath.Join(base, "run-*"))
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	for _, dir := range leftovers {
		if err := removeIfDead(dir); err != nil {
			return nil, fmt.Errorf("rehearsal: clearing %s: %w", dir, err)
		}
	}
	dir, err := os.MkdirTemp(base, "run-")
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	lock, err := take(dir)
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	if lock == nil {
		return nil, fmt.Errorf("rehearsal: %s was taken by another rehearsal; run it again", dir)
	}
	return &runDir{path: dir, lock: lock}, nil
}

// close gives the directory up; its logs stay until the next rehearsal of the stack.
func (d *runDir) close() { _ = d.lock.Close() }

func removeIfDead(dir string) error {
	lock, err := take(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil || lock == nil {
		return err
	}
	defer lock.Close()
	return os.RemoveAll(dir)
}

// take returns nil when a living rehearsal holds the directory. The lock is on the directory itself: there is no
// moment at which it exists without a lock file.
func take(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, f.Close()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
