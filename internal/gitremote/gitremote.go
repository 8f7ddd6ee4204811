// Package gitremote asks a Git server whether it has what a cluster is to follow. It has git ask, which knows the operator's
// credentials, keys and proxies.
package gitremote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// lookWithin is how long a server may take for both questions; GitHub answers in under two seconds.
const lookWithin = 20 * time.Second

// MissingError is what a repository that answered does not have.
type MissingError struct {
	// Repository is its URL.
	Repository string
	// Branch is the branch that it lacks, or the one whose folder is missing.
	Branch string
	// Branches are those that it has.
	Branches []string
	// Folder is the folder that the branch lacks; empty when the branch itself is missing.
	Folder string
}

func (e *MissingError) Error() string {
	switch {
	case e.Folder != "":
		return fmt.Sprintf("the branch %s of %s has no folder %s", e.Branch, e.Repository, e.Folder)
	case len(e.Branches) == 0:
		return fmt.Sprintf("%s is empty", e.Repository)
	default:
		return fmt.Sprintf("%s has no branch %s; it has %s", e.Repository, e.Branch, strings.Join(e.Branches, ", "))
	}
}

// Look is nil when the repository has the folder on the branch, and a [*MissingError] when it has not. Any other error says why
// nobody knows: it did not answer, or not to this operator.
func Look(ctx context.Context, repository, branch, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	listed, err := git(ctx, "ls-remote", "--heads", "--", repository)
	if err != nil {
		return err
	}
	var branches []string
	for line := range strings.Lines(listed) {
		if _, name, found := strings.Cut(strings.TrimSpace(line), "\trefs/heads/"); found {
			branches = append(branches, name)
		}
	}
	if !slices.Contains(branches, branch) {
		return &MissingError{Repository: repository, Branch: branch, Branches: branches}
	}

	dir, err := os.MkdirTemp("", "homeops-git-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	copied := filepath.Join(dir, "copy")
	// Names without contents: the folder is all that is asked for.
	if _, err := git(ctx, "clone", "--quiet", "--bare", "--depth=1", "--filter=blob:none", "--branch="+branch, "--", repository, copied); err != nil {
		return err
	}
	found, err := git(ctx, "-C", copied, "ls-tree", "-d", "--name-only", "HEAD", "--", filepath.Clean(folder))
	if err != nil {
		return err
	}
	if strings.TrimSpace(found) == "" && filepath.Clean(folder) != "." {
		return &MissingError{Repository: repository, Branch: branch, Branches: branches, Folder: folder}
	}
	return nil
}

// git never asks a person: there may be none, and an update's display would hide the question.
func git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Env = append(os.Environ(), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS_REQUIRE=never")
	if os.Getenv("GIT_SSH_COMMAND") == "" {
		command.Env = append(command.Env, "GIT_SSH_COMMAND=ssh -o BatchMode=yes")
	}
	out, err := command.Output()
	if ctx.Err() != nil {
		return "", fmt.Errorf("git %s: no answer within %s", args[0], lookWithin)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		return "", fmt.Errorf("git %s: %s", args[0], lines[len(lines)-1])
	}
	return string(out), err
}
