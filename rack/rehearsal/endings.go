package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/home-ops/home-ops/rack/pulumi"
)

// outlives is how long a process of a run may live on after pulumi has ended. The next run meets what it does.
const outlives = 60 * time.Second

// ending is a way in which a run ends before it has done its work.
type ending struct {
	name string
	// strike ends the run that is at work. What it returns cleans up when the run has ended.
	strike func(r *rehearsal, kill context.CancelCauseFunc) error
}

// endings are tried in turn, one at each moment. Most are what a power cut does.
func endings() []ending {
	return []ending{
		{"SIGKILL", func(_ *rehearsal, kill context.CancelCauseFunc) error {
			kill(pulumi.ErrKilled)
			return nil
		}},
		{"SIGINT, again and again", func(_ *rehearsal, kill context.CancelCauseFunc) error {
			kill(pulumi.Ended{Signal: syscall.SIGINT, Again: true})
			return nil
		}},
		{"SIGKILL, its lock lost before", func(r *rehearsal, kill context.CancelCauseFunc) error {
			err := os.RemoveAll(filepath.Join(r.config.Dir, "state", ".pulumi", "locks"))
			kill(pulumi.ErrKilled)
			return err
		}},
		{"SIGTERM", func(_ *rehearsal, kill context.CancelCauseFunc) error {
			kill(pulumi.Ended{Signal: syscall.SIGTERM})
			return nil
		}},
	}
}

// ended reports whether a run ended because it was made to.
func ended(err error) bool {
	var signalled pulumi.Ended
	return errors.Is(err, pulumi.ErrKilled) || errors.As(err, &signalled)
}

// roomLeft is what the disk of the state has left before it fills up.
const roomLeft = 64 << 20

// bytesIn is what the files of a folder take on a disk of whole pages.
func bytesIn(folder string) (int, error) {
	const page = 4096
	held := 0
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			held += (int(info.Size()) + page - 1) / page * page
		}
		return err
	})
	return held, err
}

// smallDisk puts the state onto a disk of its own, that fills up when it is told to, until done is called.
func (r *rehearsal) smallDisk() (fill func() error, done func() error, err error) {
	state := filepath.Join(r.config.Dir, "state")
	kept := state + "-kept"
	if err := os.CopyFS(kept, os.DirFS(state)); err != nil {
		return nil, nil, fmt.Errorf("small disk: %w", err)
	}
	held, err := bytesIn(kept)
	if err != nil {
		return nil, nil, fmt.Errorf("small disk: %w", err)
	}
	// Each update leaves a copy of the state in its history.
	size := held + roomLeft
	if err := unix.Mount("tmpfs", state, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		return nil, nil, fmt.Errorf("small disk: %w", err)
	}
	if err := os.CopyFS(state, os.DirFS(kept)); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("small disk: %w", err), unix.Unmount(state, unix.MNT_DETACH))
	}
	filler := filepath.Join(state, "filler")
	fill = func() error {
		err := os.WriteFile(filler, make([]byte, size), 0o600)
		if err == nil || !errors.Is(err, unix.ENOSPC) {
			return fmt.Errorf("small disk: it took %d bytes more: %w", size, err)
		}
		return nil
	}
	return fill, func() error {
		// What is on the disk when the run has ended is the state that the next one reads.
		written := state + "-written"
		err := errors.Join(os.RemoveAll(filler), os.CopyFS(written, os.DirFS(state)), unix.Unmount(state, unix.MNT_DETACH))
		if err == nil {
			err = errors.Join(os.RemoveAll(state), os.Rename(written, state), os.RemoveAll(kept))
		}
		return err
	}, nil
}

// stateIsWhole reads every file of the state: none may be cut off. The copies among them are left out, which Pulumi makes and never
// reads: on a full disk one is empty, and the state that it is of whole.
func (r *rehearsal) stateIsWhole(ctx context.Context) error {
	if _, err := r.cli.Export(ctx); err != nil {
		return fmt.Errorf("the state cannot be read any more: %w", err)
	}
	return filepath.WalkDir(filepath.Join(r.config.Dir, "state"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "backups" {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() == 0 {
			return fmt.Errorf("%s is empty", path)
		}
		return err
	})
}
