// Package talospatch reads raw patches of machine configurations with Talos's own loader and merger, and says in one
// line what Talos would not take.
package talospatch

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"gopkg.in/yaml.v3"
)

// Check reads a patch strictly and merges it into a plain configuration. It fails with what Talos says of unknown
// keys, of values of the wrong kind, and of documents that it does not know.
func Check(patch map[string]any) error {
	_, _, err := apply(patch)
	return plain(err)
}

// Validate asks Talos's own validation what the patch makes wrong in a plain configuration. The patch is one that
// [Check] takes.
func Validate(patch map[string]any) error {
	before, after, err := apply(patch)
	if err != nil || after == nil {
		return plain(err)
	}
	known := complaints(before)
	for _, complaint := range complaints(after) {
		if !slices.Contains(known, complaint) {
			return errors.New(complaint)
		}
	}
	return nil
}

// apply merges a patch into a plain configuration. It gives no result for a patch that deletes: what it deletes is in
// the node's configuration.
func apply(patch map[string]any) (before, after config.Provider, err error) {
	raw, err := yaml.Marshal(patch)
	if err != nil {
		return nil, nil, err
	}
	loaded, err := configloader.NewFromBytes(raw, configloader.WithAllowPatchDelete())
	if err != nil || strings.Contains(string(raw), "$patch") {
		return nil, nil, err
	}
	on := true
	before, err = container.New(&v1alpha1.Config{
		ConfigVersion: "v1alpha1",
		MachineConfig: &v1alpha1.MachineConfig{
			MachineType: "controlplane", MachineFeatures: &v1alpha1.FeaturesConfig{RBAC: &on},
		},
		ClusterConfig: &v1alpha1.ClusterConfig{ClusterDiscoveryConfig: &v1alpha1.ClusterDiscoveryConfig{DiscoveryEnabled: &on}},
	})
	if err != nil {
		return nil, nil, err
	}
	after, err = merge(before, loaded)
	return before, after, err
}

// metal is how Talos runs on the machines: installed on a disk.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return false }
func (metal) InContainer() bool     { return false }

// complaints is what Talos's validation says of a configuration, a line each.
func complaints(cfg config.Provider) []string {
	_, err := cfg.Validate(metal{}, validation.WithLocal())
	if err == nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "* "); ok && !counted.MatchString(text) {
			out = append(out, strings.TrimPrefix(text, mainDocument))
		}
	}
	if out == nil {
		out = []string{strings.TrimSpace(err.Error())}
	}
	return out
}

// mainDocument stands in front of what Talos says of the document without a kind, which most patches are of.
const mainDocument = "v1alpha1.Config: "

// counted is what stands over errors inside an error.
var counted = regexp.MustCompile(`^(\S+: )?[0-9]+ errors? occurred:$`)

// merge turns the panics that Talos's merger answers some patches with into errors.
func merge(into, patch config.Provider) (merged config.Provider, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be merged (%v)", r)
		}
	}()
	return configpatcher.StrategicMerge(into, configpatcher.NewStrategicMergePatch(patch))
}

var (
	// What the decoder says of itself, and of lines in a text that nobody wrote.
	decoding = regexp.MustCompile(`(error decoding document .* \(line [0-9]+\): )?(error decoding .* to \*[A-Za-z0-9.]+: )?(yaml: (unmarshal|construct) errors:)?`)
	place    = regexp.MustCompile(`^ ?line [0-9]+: `)
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
