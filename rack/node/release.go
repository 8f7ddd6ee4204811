package node

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"golang.org/x/mod/semver"
	"gopkg.in/yaml.v3"
)

// liveRelease is the first release of Talos that takes on every config without a reboot
// (https://github.com/siderolabs/talos/blob/v1.14.1/internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go).
const liveRelease = "v1.14"

// TakesAllLive reports whether a machine of this release of Talos never reboots for a config.
func TakesAllLive(talos string) bool {
	return semver.Compare(semver.MajorMinor(talos), liveRelease) >= 0
}

// parse reads a config as the machine's release of Talos does. The library is of a newer one.
func (s *session) parse(data []byte) (config.Provider, error) {
	if err := knownTo(s.version(), data); err != nil {
		return nil, err
	}
	return configloader.NewFromBytes(data)
}

//go:embed keys.yaml
var keysFile []byte

// knownTo refuses the documents and keys of a config that a release of Talos does not know yet, in its words. What no
// release knows, and what is no YAML, is for the library to refuse.
func knownTo(release string, data []byte) error {
	var added map[string][]string
	if err := yaml.Unmarshal(keysFile, &added); err != nil {
		return fmt.Errorf("rack/node/keys.yaml: %w", err)
	}
	documents := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document map[string]any
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return nil //nolint:nilerr // the library says it better
		}
		kind, _ := document["kind"].(string)
		for _, minor := range slices.Sorted(maps.Keys(added)) {
			entries := added[minor]
			if semver.Compare(semver.MajorMinor(release), minor) >= 0 {
				continue
			}
			if slices.Contains(entries, kind) {
				return fmt.Errorf("%q %q: not registered", kind, document["apiVersion"])
			}
			for _, entry := range entries {
				of, key, isKey := strings.Cut(entry, ":")
				if !isKey || of != kind && (of != "v1alpha1" || kind != "") {
					continue
				}
				if found := unknown(document, strings.Split(strings.ReplaceAll(key, "[]", ".[]"), ".")); found != nil {
					text, err := yaml.Marshal(found)
					return errors.Join(fmt.Errorf("unknown keys found during decoding:\n%s", text), err)
				}
			}
		}
	}
}

// unknown is the part of a tree that leads to a key; nil where the key is not there.
func unknown(tree any, path []string) any {
	if len(path) == 0 {
		return tree
	}
	if path[0] == "[]" {
		items, _ := tree.([]any)
		for _, item := range items {
			if found := unknown(item, path[1:]); found != nil {
				return []any{found}
			}
		}
		return nil
	}
	fields, _ := tree.(map[string]any)
	value, present := fields[path[0]]
	if !present {
		return nil
	}
	if found := unknown(value, path[1:]); found != nil {
		return map[string]any{path[0]: found}
	}
	return nil
}

// checkHost is the installer's look at the Talos that runs it: an image upgrades from a few minor releases only
// (https://github.com/siderolabs/talos/blob/v1.14.1/cmd/installer/pkg/install/preflight.go).
func checkHost(host string, img image) error {
	target, err := compatibility.ParseTalosVersion(&machineapi.VersionInfo{Tag: img.Version})
	if err != nil {
		return fmt.Errorf("error parsing installer Talos version: %w", err)
	}
	running, err := compatibility.ParseTalosVersion(&machineapi.VersionInfo{Tag: host})
	if err != nil {
		return fmt.Errorf("error parsing host Talos version: %w", err)
	}
	if err := target.UpgradeableFrom(running); err != nil {
		return fmt.Errorf("pre-flight checks failed: %w", err)
	}
	return nil
}
