package machineconfig

import (
	_ "embed"
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

//go:embed containerd.toml
var containerdPart string

// containerdPath is the one file through which Talos lets containerd be changed.
const containerdPath = "/etc/" + constants.CRICustomizationConfigPart

// containerdFiles change containerd's settings. Talos has it throw away an image's
// layers once they are unpacked; then Spegel (kubernetes/apps/spegel) would have
// nothing to give to another node (https://spegel.dev/docs/getting-started/#talos).
func containerdFiles() []*v1alpha1.MachineFile {
	return []*v1alpha1.MachineFile{{
		FilePath:        containerdPath,
		FileOp:          "create",
		FilePermissions: 0o600, // whatever it says, Talos takes these
		FileContent:     containerdPart,
	}}
}

// checkContainerdFile refuses a second entry for the file, by which a boot ends with
// an error: Talos creates it once
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_sequencer_tasks.go).
func checkContainerdFile(cfg config.Provider) error {
	files, err := cfg.Machine().Files()
	if err != nil {
		return fmt.Errorf("machine.files: %w", err)
	}
	entries := 0
	for _, file := range files {
		if file.Path() == containerdPath {
			entries++
		}
	}
	if entries > 1 {
		return fmt.Errorf("machine.files: %s is there twice, and Talos would not boot; the first keeps image layers for Spegel", containerdPath)
	}
	return nil
}
