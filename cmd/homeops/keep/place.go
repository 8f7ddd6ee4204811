package keep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
)

// Place is where copies are kept.
type Place interface {
	// Put writes a file, all of it or nothing.
	Put(ctx context.Context, name string, content []byte) error
	// Get reads a file.
	Get(ctx context.Context, name string) ([]byte, error)
	// List are the names of all files that begin with prefix.
	List(ctx context.Context, prefix string) ([]string, error)
	// String is the place as the stack file gives it.
	String() string
}

// At is the place that secrets.breakGlass.place of a stack file gives.
func At(place string) (Place, error) {
	if strings.HasPrefix(place, "s3://") {
		keys, err := ofCopies()
		if err != nil {
			return nil, err
		}
		return newBucket(place, keys)
	}
	if rest, ok := strings.CutPrefix(place, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		place = filepath.Join(home, rest)
	}
	return Folder(place), nil
}

// AtBackend is a place in a bucket that Pulumi keeps its state in, with the keys that Pulumi takes.
func AtBackend(place string) (Place, error) { return newBucket(place, amazons()) }

// Save seals a copy, puts it at the place, and reads it back: a copy that nobody has read is not one.
func Save(ctx context.Context, at Place, c Copy, recipients []string) error {
	archive, err := c.Encode()
	if err != nil {
		return err
	}
	sealed, err := Seal(archive, recipients)
	if err != nil {
		return err
	}
	if err := at.Put(ctx, c.Name(), sealed); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	back, err := at.Get(ctx, c.Name())
	if err != nil {
		return fmt.Errorf("%s: reading %s back: %w", at, c.Name(), err)
	}
	if !bytes.Equal(back, sealed) {
		return fmt.Errorf("%s: %s reads back otherwise than it was written (%d bytes, not %d): the place is broken or full", at, c.Name(), len(back), len(sealed))
	}
	return nil
}

// ErrNone says that a place has no copy of a stack.
var ErrNone = errors.New("there is no copy")

// Latest is the name of the newest copy of a stack, and when it was made.
func Latest(ctx context.Context, at Place, stack string, kind Kind) (string, time.Time, error) {
	names, err := at.List(ctx, prefix(stack, kind))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("%s: %w", at, err)
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		// Another stack's name may begin with this one's.
		middle := strings.TrimSuffix(strings.TrimPrefix(name, prefix(stack, kind)), suffix)
		if made, err := time.Parse(timeLayout, middle); err == nil {
			return name, made, nil
		}
	}
	return "", time.Time{}, fmt.Errorf("%s: %w of the %s of %s", at, ErrNone, kind, stack)
}

// Load reads a copy: the named one, or the newest where name is empty.
func Load(ctx context.Context, at Place, stack string, kind Kind, name string, identities []age.Identity) (Copy, error) {
	if name == "" {
		var err error
		if name, _, err = Latest(ctx, at, stack, kind); err != nil {
			return Copy{}, err
		}
	}
	sealed, err := at.Get(ctx, name)
	if err != nil {
		return Copy{}, fmt.Errorf("%s: %w", at, err)
	}
	archive, err := Open(sealed, identities)
	if err != nil {
		return Copy{}, fmt.Errorf("%s: %s %w", at, name, err)
	}
	c, err := Decode(archive, stack, kind)
	if err != nil {
		return Copy{}, fmt.Errorf("%s: %s: %w", at, name, err)
	}
	return c, nil
}
