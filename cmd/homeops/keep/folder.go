package keep

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Folder is a directory that exists: a stick that is not plugged in must not become a folder on the disk below it.
type Folder string

func (f Folder) String() string { return string(f) }

// Put implements [Place].
func (f Folder) Put(_ context.Context, name string, content []byte) error {
	file, err := os.CreateTemp(string(f), ".new-*")
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such folder; mount it, or make it")
	}
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // after the rename there is none
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(string(f), name))
}

// Get implements [Place].
func (f Folder) Get(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), name))
}

// List implements [Place].
func (f Folder) List(_ context.Context, prefix string) ([]string, error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no such folder; mount it, or make it")
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
