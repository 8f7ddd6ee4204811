// Package gitarchive reads the files of a commit without touching the working tree.
package gitarchive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoCommit says that a name is no commit of the repository.
var ErrNoCommit = errors.New("no commit")

// Resolve is the hash of a commit: a branch, a tag, HEAD~1. The error is ErrNoCommit for
// a name that is none.
func Resolve(ctx context.Context, repository, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", "-C", repository, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}").Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return "", fmt.Errorf("%q is %w of the repository in %s", name, ErrNoCommit, repository)
	case err != nil:
		return "", fmt.Errorf("git is needed to read a commit: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Whole is the hash of the commit that the working tree is, and empty where it is none: a file differs from the
// commit, or is in no commit and not ignored either.
func Whole(ctx context.Context, repository string) (string, error) {
	hash, err := Resolve(ctx, repository, "HEAD")
	if err != nil {
		return "", err
	}
	changed, err := exec.CommandContext(ctx, "git", "-C", repository, "status", "--porcelain").Output()
	if err != nil {
		return "", fmt.Errorf("git status: %w", err)
	}
	if len(changed) > 0 {
		return "", nil
	}
	return hash, nil
}

// SameBut reports whether two commits differ in no other file than those of the given patterns, which are Git's globs below the
// repository's directory: * stays in one folder, **/ is any of them. A hash that is no commit here differs.
func SameBut(ctx context.Context, repository, a, b string, patterns ...string) (bool, error) {
	args := []string{"-C", repository, "diff", "--quiet", "--end-of-options", a, b, "--", "."}
	for _, pattern := range patterns {
		args = append(args, ":(exclude,glob)"+pattern)
	}
	err := exec.CommandContext(ctx, "git", args...).Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return false, nil
	}
	return err == nil, err
}

// Extract writes those files of a commit into a folder that take wants, by their paths
// below the repository's directory. Nil takes all.
func Extract(ctx context.Context, repository, hash, dir string, take func(path string) bool) error {
	archive := exec.CommandContext(ctx, "git", "-C", repository, "archive", "--format=tar", hash)
	var complaint strings.Builder
	archive.Stderr = &complaint
	content, err := archive.StdoutPipe()
	if err != nil {
		return err
	}
	if err := archive.Start(); err != nil {
		return fmt.Errorf("git archive: %w", err)
	}
	unpacked := unpack(content, dir, take)
	if err := archive.Wait(); err != nil {
		return fmt.Errorf("git archive %s: %w: %s", hash, err, strings.TrimSpace(complaint.String()))
	}
	return unpacked
}

// unpack reads a tar stream to its end.
func unpack(stream io.Reader, dir string, take func(path string) bool) error {
	root, err := os.OpenRoot(dir) // no path in the stream leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	for reader := tar.NewReader(stream); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, stream)
			return err
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg || take != nil && !take(header.Name) {
			continue
		}
		if err := write(root, header, reader); err != nil {
			return err
		}
	}
}

func write(root *os.Root, header *tar.Header, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(header.Name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(header.Name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, os.FileMode(header.Mode).Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
