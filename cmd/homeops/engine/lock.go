package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/cmd/homeops/keep"
)

// Lock is a lock on the state, in the form of Pulumi's own backends
// (https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/backend/diy/lock.go).
type Lock struct {
	PID   int       `json:"pid"`
	User  string    `json:"username"`
	Host  string    `json:"hostname"`
	Since time.Time `json:"timestamp"`
}

// ErrUnseen says that nobody but the backend itself knows whether a state is locked.
var ErrUnseen = errors.New("whether the state is locked cannot be seen from here")

// Locks are those on the stack's state in a folder or a bucket. The error is [ErrUnseen] for another backend, which keeps its
// own (Pulumi Cloud), and for a place that cannot be read.
func (c CLI) Locks(ctx context.Context) ([]Lock, error) {
	backend, err := c.Backend(ctx)
	if err != nil {
		return nil, err
	}
	project, err := c.project()
	if err != nil {
		return nil, err
	}
	place, err := lockPlace(backend, project, c.Stack)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnseen, err)
	}
	if folder, ok := place.(keep.Folder); ok {
		if _, err := os.Stat(string(folder)); errors.Is(err, fs.ErrNotExist) {
			return nil, nil // the first update makes it
		}
	}
	names, err := place.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnseen, err)
	}
	var locks []Lock
	for _, name := range names {
		raw, err := place.Get(ctx, name)
		if err != nil {
			continue // it has just ended
		}
		var lock Lock
		if err := json.Unmarshal(raw, &lock); err != nil {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		locks = append(locks, lock)
	}
	return locks, nil
}

// lockPlace is where a backend keeps a stack's locks.
func lockPlace(backend, project, stack string) (keep.Place, error) {
	address, query, _ := strings.Cut(backend, "?")
	below := path.Join(".pulumi/locks/organization", project, stack)
	switch scheme, rest, _ := strings.Cut(address, "://"); scheme {
	case "file":
		if tail, ok := strings.CutPrefix(rest, "~"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, err
			}
			rest = home + tail
		}
		return keep.Folder(filepath.Join(filepath.FromSlash(rest), filepath.FromSlash(below))), nil
	case "s3":
		return keep.AtBackend("s3://" + strings.TrimSuffix(rest, "/") + "/" + below + "?" + query)
	}
	kind, _, _ := strings.Cut(address, "://")
	return nil, fmt.Errorf("it is in a backend of the kind %s", kind)
}

// project is the name in Pulumi.yaml.
func (c CLI) project() (string, error) {
	raw, err := os.ReadFile(filepath.Join(c.Dir, "Pulumi.yaml"))
	if err != nil {
		return "", err
	}
	var file struct{ Name string }
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return "", fmt.Errorf("project file Pulumi.yaml: %w", err)
	}
	return file.Name, nil
}
