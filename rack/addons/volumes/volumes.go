// Package volumes holds what is on the simulated volumes of a cluster: a folder for each volume and for each snapshot of one, under
// the handle by which the driver knows it. Whoever plays an app writes there, and a driver that copies a volume copies the folder.
package volumes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Contents are the folders. The methods of nil do nothing, for a cluster on whose volumes nobody looks.
type Contents struct{ dir string }

// In keeps them below a folder, which is made when it is needed.
func In(dir string) *Contents { return &Contents{dir} }

// Volume is the folder of a volume.
func (c *Contents) Volume(handle string) string { return filepath.Join(c.dir, "volumes", base(handle)) }

// Snapshot is the folder of a snapshot.
func (c *Contents) Snapshot(handle string) string {
	return filepath.Join(c.dir, "snapshots", base(handle))
}

// base keeps a handle from leading elsewhere.
func base(handle string) string { return strings.ReplaceAll(handle, string(filepath.Separator), "_") }

// Make makes a volume with what is in a folder, or an empty one. A volume that is there stays as it is.
func (c *Contents) Make(handle, from string) error {
	if c == nil {
		return nil
	}
	return fill(c.Volume(handle), from)
}

// Snap makes a snapshot of a volume. One that is there stays as it is.
func (c *Contents) Snap(volume, snapshot string) error {
	if c == nil {
		return nil
	}
	return fill(c.Snapshot(snapshot), c.Volume(volume))
}

// Drop takes a volume or a snapshot away.
func (c *Contents) Drop(folder func(handle string) string, handle string) error {
	if c == nil {
		return nil
	}
	return os.RemoveAll(folder(handle))
}

// Lose is what happens to all of it when every disk of the cluster is another one.
func (c *Contents) Lose() error {
	if c == nil {
		return nil
	}
	return os.RemoveAll(c.dir)
}

// fill makes a folder as a whole, or not at all.
func fill(folder, from string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return fmt.Errorf("volumes: %w", err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), ".making-")
	if err != nil {
		return fmt.Errorf("volumes: %w", err)
	}
	if from != "" {
		err = os.CopyFS(fresh, os.DirFS(from))
	}
	if err == nil {
		err = os.Rename(fresh, folder)
	}
	if err != nil {
		return fmt.Errorf("volumes: %w", errors.Join(err, os.RemoveAll(fresh)))
	}
	return nil
}

// Files are the files of a folder with their contents, by their paths below it.
func Files(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		files[name] = text
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("volumes: %w", err)
	}
	return files, nil
}

// Write puts files into a folder. With exact nothing else stays in it.
func Write(folder string, files map[string][]byte, exact bool) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("volumes: %w", err)
	}
	defer root.Close()
	if exact {
		have, err := Files(folder)
		if err != nil {
			return err
		}
		for name := range have {
			if _, wanted := files[name]; !wanted {
				if err := root.Remove(name); err != nil {
					return fmt.Errorf("volumes: %w", err)
				}
			}
		}
	}
	for name, text := range files {
		if dir := filepath.Dir(name); dir != "." {
			if err := root.MkdirAll(dir, 0o700); err != nil {
				return fmt.Errorf("volumes: %w", err)
			}
		}
		if err := root.WriteFile(name, text, 0o600); err != nil {
			return fmt.Errorf("volumes: %w", err)
		}
	}
	return nil
}
