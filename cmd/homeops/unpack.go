package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// unpack writes the files of a tar stream whose paths take accepts into a folder. It reads the stream to its end.
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
		if header.Typeflag != tar.TypeReg || !take(header.Name) {
			continue
		}
		if err := root.MkdirAll(filepath.Dir(header.Name), 0o755); err != nil {
			return err
		}
		file, err := root.OpenFile(header.Name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, reader)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
}
