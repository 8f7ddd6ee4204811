package keep

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"time"
)

// Kind is what a copy is of.
type Kind string

const (
	// BreakGlass is a copy of what opens the cluster.
	BreakGlass Kind = "break-glass"
	// State is a copy of the stack's state in Pulumi.
	State Kind = "state"
)

// Copy is some files of one stack at one time.
type Copy struct {
	Stack string    `json:"stack"`
	Kind  Kind      `json:"kind"`
	Made  time.Time `json:"made"`
	// Files are the contents by their names, with forward slashes.
	Files map[string][]byte `json:"-"`
}

// manifest is the name of the first entry, which says what the rest is.
const manifest = "manifest.json"

// timeLayout sorts as text, and is a file's name everywhere.
const timeLayout = "20060102T150405Z"

// Name is the name of the copy's file at its place.
func (c Copy) Name() string { return c.prefix() + c.Made.UTC().Format(timeLayout) + suffix }

func (c Copy) prefix() string { return prefix(c.Stack, c.Kind) }

func prefix(stack string, kind Kind) string { return stack + "-" + string(kind) + "-" }

const suffix = ".tar.age"

// Encode is the copy as a tar archive.
func (c Copy) Encode() ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	add := func(name string, content []byte) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: c.Made}); err != nil {
			return err
		}
		_, err := w.Write(content)
		return err
	}
	head, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	if err := add(manifest, head); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		if err := add(name, c.Files[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Bytes(), w.Close()
}

// Decode reads an archive, and refuses one that is no copy of that stack and kind: a key may open many.
func Decode(archive []byte, stack string, kind Kind) (Copy, error) {
	c := Copy{Files: map[string][]byte{}}
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Copy{}, fmt.Errorf("archive: %w", err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return Copy{}, fmt.Errorf("archive: %s: %w", header.Name, err)
		}
		if header.Name == manifest {
			if err := json.Unmarshal(content, &c); err != nil {
				return Copy{}, fmt.Errorf("archive: %s: %w", manifest, err)
			}
			continue
		}
		if name := path.Clean(header.Name); name != header.Name || path.IsAbs(name) || name == ".." || bytes.HasPrefix([]byte(name), []byte("../")) {
			return Copy{}, fmt.Errorf("archive: %q is no name of a file in it", header.Name)
		}
		c.Files[header.Name] = content
	}
	switch {
	case c.Stack != stack:
		return Copy{}, fmt.Errorf("is of the stack %q, not of %s", c.Stack, stack)
	case c.Kind != kind:
		return Copy{}, fmt.Errorf("is a copy of kind %q, not %s", c.Kind, kind)
	case len(c.Files) == 0:
		return Copy{}, errors.New("holds nothing")
	}
	return c, nil
}
