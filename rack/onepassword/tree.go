package onepassword

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// asking is what of an ExternalSecret tells which fields it wants.
type asking struct {
	Kind string `yaml:"kind"`
	Spec struct {
		Data []struct {
			RemoteRef struct {
				Key      string `yaml:"key"`
				Property string `yaml:"property"`
			} `yaml:"remoteRef"`
		} `yaml:"data"`
	} `yaml:"spec"`
}

// StockTree makes the fields that the ExternalSecrets of a Git tree ask for, in a vault, unless they are there already. Each gets
// its value from the function. Whole items (dataFrom) name no fields, and are not made.
func (s *Server) StockTree(tree fs.FS, vault string, value func(item, field string) string) error {
	return fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := fs.ReadFile(tree, path)
		if err != nil || !bytes.Contains(text, []byte("kind: ExternalSecret")) {
			return err
		}
		for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var e asking
			if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if e.Kind != "ExternalSecret" {
				continue
			}
			for _, d := range e.Spec.Data {
				if ref := d.RemoteRef; !s.has(vault, ref.Key, ref.Property) {
					s.Put(vault, ref.Key, ref.Property, value(ref.Key, ref.Property))
				}
			}
		}
	})
}

func (s *Server) has(vault, title, label string) bool {
	for _, item := range s.Items(vault) {
		for _, field := range item.Fields {
			if item.Title == title && field.Label == label {
				return true
			}
		}
	}
	return false
}
