package machineconfig

import (
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"gopkg.in/yaml.v3"
)

// applyPatches merges a node's own patches into its config, in their order.
func applyPatches(cfg config.Provider, patches []map[string]any) (config.Provider, error) {
	for i, patch := range patches {
		patched, err := applyPatch(cfg, patch)
		if err != nil {
			return nil, fmt.Errorf("patches[%d]: %w", i, err)
		}
		cfg = patched
	}
	return cfg, nil
}

func applyPatch(cfg config.Provider, patch map[string]any) (patched config.Provider, err error) {
	raw, err := yaml.Marshal(patch)
	if err != nil {
		return nil, err
	}
	loaded, err := configloader.NewFromBytes(raw, configloader.WithAllowPatchDelete())
	if err != nil {
		return nil, err
	}
	// A "$patch: delete" of a document that is not there makes Talos panic, when
	// the result is written at the latest.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be merged; does it delete a document that is not there? (%v)", r)
		}
	}()
	patched, err = configpatcher.StrategicMerge(cfg, configpatcher.NewStrategicMergePatch(loaded))
	if err != nil {
		return nil, err
	}
	_, err = encode(patched)
	return patched, err
}
