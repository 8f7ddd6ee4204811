// Package talospatch reads raw patches of machine configurations with Talos's own loader and merger, and says in one
// line what Talos would not take.
package talospatch

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"gopkg.in/yaml.v3"
)

// Check reads a patch strictly and merges it into an empty configuration. It fails with what Talos says of unknown
// keys, of values of the wrong kind, and of documents that it does not know.
func Check(patch map[string]any) error {
	raw, err := yaml.Marshal(patch)
	if err != nil {
		return err
	}
	loaded, err := load(raw)
	if err != nil {
		return plain(err)
	}
	if strings.Contains(string(raw), "$patch") {
		// What it deletes is in the node's configuration, not in an empty one.
		return nil
	}
	empty, err := container.New(&v1alpha1.Config{
		ConfigVersion: "v1alpha1", MachineConfig: &v1alpha1.MachineConfig{}, ClusterConfig: &v1alpha1.ClusterConfig{},
	})
	if err != nil {
		return err
	}
	return plain(merge(empty, loaded))
}

func load(raw []byte) (config.Provider, error) {
	return configloader.NewFromBytes(raw, configloader.WithAllowPatchDelete())
}

// merge turns the panics that Talos's merger answers some patches with into errors.
func merge(into, patch config.Provider) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be merged (%v)", r)
		}
	}()
	_, err = configpatcher.StrategicMerge(into, configpatcher.NewStrategicMergePatch(patch))
	return err
}

var (
	// What the decoder says of itself, and of lines in a text that nobody wrote.
	decoding = regexp.MustCompile(`(error decoding .* to \*[A-Za-z0-9.]+: )?(yaml: unmarshal errors:)?`)
	place    = regexp.MustCompile(`^line [0-9]+: `)
)

const unknownKeys = "unknown keys found during decoding:\n"

// plain is Talos's answer in one line. Unknown keys are named by their path.
func plain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if _, tree, ok := strings.Cut(text, unknownKeys); ok {
		var keys map[string]any
		if yaml.Unmarshal([]byte(tree), &keys) == nil {
			return &UnknownKeyError{Path: firstLeaf(keys)}
		}
	}
	var lines []string
	for line := range strings.Lines(decoding.ReplaceAllString(text, "")) {
		line = place.ReplaceAllString(strings.TrimSpace(line), "")
		if line != "" {
			lines = append(lines, strings.TrimPrefix(line, "* "))
		}
	}
	return errors.New(strings.Join(lines, "; "))
}

// UnknownKeyError says that Talos has no such key.
type UnknownKeyError struct {
	// Path are the keys that lead to it, outermost first; a place in a list is a number in brackets.
	Path []string
}

func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("Talos has no key %s", strings.ReplaceAll(strings.Join(e.Path, "."), ".[", "["))
}

// firstLeaf leads to one of the unknown keys. Talos lists known keys only on the way to unknown ones.
func firstLeaf(tree any) []string {
	switch t := tree.(type) {
	case map[string]any:
		first := ""
		for key := range t {
			if first == "" || key < first {
				first = key
			}
		}
		if first == "" {
			return nil
		}
		if rest := firstLeaf(t[first]); isTree(t[first]) && rest != nil {
			return append([]string{first}, rest...)
		}
		return []string{first}
	case []any:
		for i, item := range t {
			if rest := firstLeaf(item); rest != nil {
				return append([]string{fmt.Sprintf("[%d]", i)}, rest...)
			}
		}
	}
	return nil
}

func isTree(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
