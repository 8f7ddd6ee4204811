package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// stackFile is the copy of the stack file that the room sees in place of the operator's: the same to the letter, but
// for secrets. Pulumi writes into it, and what it writes must not reach the operator's.
type stackFile struct {
	// Path is the operator's file, Copy what covers it.
	Path, Copy string
	// Secrets are the config keys whose values are the rehearsal's own.
	Secrets []string
}

// copyStackFile makes the copy. Values under `secure` can be read only with the operator's passphrase, which a rehearsal
// never asks for.
func copyStackFile(project, stack, dir string) (*stackFile, error) {
	f := &stackFile{
		Path: filepath.Join(project, "Pulumi."+stack+".yaml"),
		Copy: filepath.Join(dir, "Pulumi."+stack+".yaml"),
	}
	text, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, fmt.Errorf("stack file: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("stack file %s: %w", f.Path, err)
	}
	if f.dropSecrets(&doc) {
		if text, err = yaml.Marshal(&doc); err != nil {
			return nil, fmt.Errorf("stack file %s: %w", f.Path, err)
		}
	}
	if err := os.WriteFile(f.Copy, text, 0o600); err != nil {
		return nil, fmt.Errorf("stack file: %w", err)
	}
	return f, nil
}

// dropSecrets removes what belongs to the operator's secrets provider, and reports whether there was any.
func (f *stackFile) dropSecrets(doc *yaml.Node) bool {
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return false
	}
	top := doc.Content[0]
	dropped := remove(top, func(key string, _ *yaml.Node) bool {
		return key == "encryptionsalt" || key == "secretsprovider" || key == "encryptedkey"
	})
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value != "config" || top.Content[i+1].Kind != yaml.MappingNode {
			continue
		}
		dropped = remove(top.Content[i+1], func(key string, value *yaml.Node) bool {
			if value.Kind != yaml.MappingNode || len(value.Content) != 2 || value.Content[0].Value != "secure" {
				return false
			}
			f.Secrets = append(f.Secrets, key)
			return true
		}) || dropped
	}
	return dropped
}

func remove(m *yaml.Node, unwanted func(key string, value *yaml.Node) bool) bool {
	kept := m.Content[:0]
	for i := 0; i+1 < len(m.Content); i += 2 {
		if !unwanted(m.Content[i].Value, m.Content[i+1]) {
			kept = append(kept, m.Content[i], m.Content[i+1])
		}
	}
	changed := len(kept) != len(m.Content)
	m.Content = kept
	return changed
}
