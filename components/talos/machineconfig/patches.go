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

func applyPatch(cfg config.Provider, patch map[string]any) (config.Provider, error) {
	raw, err := yaml.Marshal(patch)
	if err != nil {
		return nil, err
	}
	loaded, err := configloader.NewFromBytes(raw, configloader.WithAllowPatchDelete())
	if err != nil {
		return nil, err
	}
	return configpatcher.StrategicMerge(cfg, configpatcher.NewStrategicMergePatch(loaded))
}
