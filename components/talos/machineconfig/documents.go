package machineconfig

import (
	"encoding"
	"fmt"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config"
	configdoc "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block"
	"github.com/siderolabs/talos/pkg/machinery/config/types/runtime"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// machineDocuments are the node's documents beside the main one. For a cluster
// made before Talos had them, the encryption of Talos's own volumes goes into
// the main one, m, instead.
func machineDocuments(
	m *v1alpha1.MachineConfig, stack *spec.Stack, node spec.Node, passphrases Passphrases,
) ([]configdoc.Document, error) {
	contract, err := config.ParseContractFromVersion(string(stack.Cluster.TalosContract))
	if err != nil {
		return nil, err
	}
	keys := diskKeys{node: node, passphrases: passphrases}
	if !contract.VolumeConfigEncryptionSupported() {
		//nolint:staticcheck // deprecated in favour of the documents that this contract does not know
		if m.MachineSystemDiskEncryption, err = keys.legacy(); err != nil {
			return nil, err
		}
		keys.node.Encryption = spec.Encryption{}
	}

	var documents []configdoc.Document
	for _, build := range []func() ([]configdoc.Document, error){
		keys.stateVolume, keys.ephemeralVolume, keys.userVolumes,
	} {
		built, err := build()
		if err != nil {
			return nil, err
		}
		documents = append(documents, built...)
	}
	services, err := extensionServices(node, passphrases)
	if err != nil {
		return nil, err
	}
	documents = append(documents, services...)
	if node.Watchdog != nil {
		watchdog := runtime.NewWatchdogTimerV1Alpha1()
		watchdog.WatchdogDevice = node.Watchdog.Device
		watchdog.WatchdogTimeout = node.Watchdog.Timeout.Of()
		documents = append(documents, watchdog)
	}
	return documents, nil
}

func (k diskKeys) stateVolume() ([]configdoc.Document, error) {
	if k.node.Encryption.State == nil {
		return nil, nil
	}
	volume := block.NewVolumeConfigV1Alpha1()
	volume.MetaName = constants.StatePartitionLabel
	var err error
	volume.EncryptionSpec, err = k.spec("encryption.state", k.node.Encryption.State)
	return []configdoc.Document{volume}, err
}

func (k diskKeys) ephemeralVolume() ([]configdoc.Document, error) {
	place, encryption := k.node.EphemeralVolume, k.node.Encryption.Ephemeral
	if place == nil && encryption == nil {
		return nil, nil
	}
	volume := block.NewVolumeConfigV1Alpha1()
	volume.MetaName = constants.EphemeralPartitionLabel
	if place != nil {
		if err := setSizes(&volume.ProvisioningSpec, place.MinSize, place.MaxSize); err != nil {
			return nil, fmt.Errorf("ephemeralVolume: %w", err)
		}
		if !place.Disk.IsZero() {
			match, err := diskExpression(place.Disk)
			if err != nil {
				return nil, fmt.Errorf("ephemeralVolume.disk: %w", err)
			}
			volume.ProvisioningSpec.DiskSelectorSpec.Match = match
		}
	}
	var err error
	volume.EncryptionSpec, err = k.spec("encryption.ephemeral", encryption)
	return []configdoc.Document{volume}, err
}

func (k diskKeys) userVolumes() ([]configdoc.Document, error) {
	var documents []configdoc.Document
	for i, wanted := range k.node.UserVolumes {
		path := fmt.Sprintf("userVolumes[%d]", i)
		volume := block.NewUserVolumeConfigV1Alpha1()
		volume.MetaName = wanted.Name
		volume.ProvisioningSpec.ProvisioningGrow = pointer.To(wanted.Grow)
		if err := setSizes(&volume.ProvisioningSpec, wanted.MinSize, wanted.MaxSize); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := setText(&volume.FilesystemSpec.FilesystemType, string(wanted.Filesystem)); err != nil {
			return nil, fmt.Errorf("%s.filesystem: %w", path, err)
		}
		var err error
		if volume.ProvisioningSpec.DiskSelectorSpec.Match, err = volumeExpression(wanted); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if volume.EncryptionSpec, err = k.spec(path+".encryption", wanted.Encryption); err != nil {
			return nil, err
		}
		documents = append(documents, volume)
	}
	return documents, nil
}

func setSizes(provisioning *block.ProvisioningSpec, least, most spec.Size) error {
	if least != 0 {
		if err := setText(&provisioning.ProvisioningMinSize, least.String()); err != nil {
			return fmt.Errorf("minSize: %w", err)
		}
	}
	if most != 0 {
		if err := setText(&provisioning.ProvisioningMaxSize, most.String()); err != nil {
			return fmt.Errorf("maxSize: %w", err)
		}
	}
	return nil
}

func setText(target encoding.TextUnmarshaler, text string) error {
	return target.UnmarshalText([]byte(text))
}
