package machineconfig

import (
	"encoding"
	"fmt"

	"github.com/siderolabs/go-pointer"
	configdoc "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block"
	"github.com/siderolabs/talos/pkg/machinery/config/types/runtime"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	resources "github.com/siderolabs/talos/pkg/machinery/resources/block"

	"github.com/home-ops/home-ops/spec"
)

// volumes writes the node's volumes and its watchdog, which have documents of
// their own under every contract. For a cluster made before Talos 1.11, the
// encryption of Talos's own volumes goes into the main document instead.
func (c *configuration) volumes() error {
	keys := c.keys
	if !c.contract.VolumeConfigEncryptionSupported() {
		var err error
		// deprecated in favour of the documents that this contract does not know
		if c.main.MachineConfig.MachineSystemDiskEncryption, err = keys.legacy(); err != nil {
			return err
		}
		keys.node.Encryption = spec.Encryption{}
	}

	state, err := keys.stateVolume()
	if err != nil {
		return err
	}
	c.add(state...)
	if err := c.ephemeralVolume(keys); err != nil {
		return err
	}
	users, err := keys.userVolumes()
	if err != nil {
		return err
	}
	c.add(users...)
	raw, err := keys.rawVolumes()
	if err != nil {
		return err
	}
	c.add(raw...)
	services, err := extensionServices(c.node, c.keys.passphrases)
	if err != nil {
		return err
	}
	c.add(services...)
	if c.node.Watchdog != nil {
		watchdog := runtime.NewWatchdogTimerV1Alpha1()
		watchdog.WatchdogDevice = c.node.Watchdog.Device
		watchdog.WatchdogTimeout = c.node.Watchdog.Timeout.Of()
		c.add(watchdog)
	}
	return nil
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

// ephemeralVolume is /var. From contract v1.14 on, Talos generates its document and
// mounts it with nosuid, nodev and, in 1.14.0, noexec. Longhorn runs its engines from
// /var/lib/longhorn/engine-binaries (https://github.com/longhorn/longhorn/issues/9083):
// where it is in the stack, /var is mounted as before.
func (c *configuration) ephemeralVolume(keys diskKeys) error {
	if c.contract.FilesystemTrimEnabledByDefault() {
		return edit(c, func(volume *block.VolumeConfigV1Alpha1) error {
			volume.MountSpec.MountSecure = pointer.To(c.stack.Storage.Longhorn == nil)
			return keys.place(volume)
		})
	}
	if keys.node.EphemeralVolume == nil && keys.node.Encryption.Ephemeral == nil {
		return nil
	}
	volume := block.NewVolumeConfigV1Alpha1()
	volume.MetaName = constants.EphemeralPartitionLabel
	c.add(volume)
	return keys.place(volume)
}

// place puts /var where the stack file wants it, encrypted as it wants.
func (k diskKeys) place(volume *block.VolumeConfigV1Alpha1) error {
	if place := k.node.EphemeralVolume; place != nil {
		if err := setSizes(&volume.ProvisioningSpec, place.MinSize, most(place.MaxSize, place.MaxPercent)); err != nil {
			return fmt.Errorf("ephemeralVolume: %w", err)
		}
		if !place.Disk.IsZero() {
			match, err := diskExpression(place.Disk)
			if err != nil {
				return fmt.Errorf("ephemeralVolume.disk: %w", err)
			}
			volume.ProvisioningSpec.DiskSelectorSpec.Match = match
		}
	}
	var err error
	volume.EncryptionSpec, err = k.spec("encryption.ephemeral", k.node.Encryption.Ephemeral)
	return err
}

func (k diskKeys) userVolumes() ([]configdoc.Document, error) {
	var documents []configdoc.Document
	for i, wanted := range k.node.UserVolumes {
		path := fmt.Sprintf("userVolumes[%d]", i)
		volume := block.NewUserVolumeConfigV1Alpha1()
		volume.MetaName = wanted.Name
		documents = append(documents, volume)
		if wanted.Type != "" && wanted.Type != spec.VolumePartition {
			kind, err := resources.VolumeTypeString(string(wanted.Type))
			if err != nil {
				return nil, fmt.Errorf("%s.type: %w", path, err)
			}
			volume.VolumeType = pointer.To(kind)
		}
		if wanted.Type == spec.VolumeDirectory {
			continue // it has nothing else
		}
		if err := setText(&volume.FilesystemSpec.FilesystemType, string(wanted.Filesystem)); err != nil {
			return nil, fmt.Errorf("%s.filesystem: %w", path, err)
		}
		var err error
		if volume.EncryptionSpec, err = k.spec(path+".encryption", wanted.Encryption); err != nil {
			return nil, err
		}
		if err := provision(path, &volume.ProvisioningSpec, wanted); err != nil {
			return nil, err
		}
	}
	return documents, nil
}

// rawVolumes are partitions that somebody else lays out.
func (k diskKeys) rawVolumes() ([]configdoc.Document, error) {
	var documents []configdoc.Document
	for i, wanted := range k.node.RawVolumes {
		path := fmt.Sprintf("rawVolumes[%d]", i)
		volume := block.NewRawVolumeConfigV1Alpha1()
		volume.MetaName = wanted.Name
		documents = append(documents, volume)
		var err error
		if volume.EncryptionSpec, err = k.spec(path+".encryption", wanted.Encryption); err != nil {
			return nil, err
		}
		if err := provision(path, &volume.ProvisioningSpec, wanted.Partition()); err != nil {
			return nil, err
		}
	}
	return documents, nil
}

// provision says which disk holds a volume, and how much of it.
func provision(path string, provisioning *block.ProvisioningSpec, wanted spec.UserVolume) error {
	var err error
	if provisioning.DiskSelectorSpec.Match, err = volumeExpression(wanted); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if wanted.Type == spec.VolumeDisk {
		return nil
	}
	provisioning.ProvisioningGrow = pointer.To(wanted.Grow)
	if err := setSizes(provisioning, wanted.MinSize, most(wanted.MaxSize, wanted.MaxPercent)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// most is a limit as Talos reads it; empty for none.
func most(size spec.Size, percent int) string {
	switch {
	case percent > 0:
		return fmt.Sprintf("%d%%", percent)
	case size > 0:
		return size.String()
	}
	return ""
}

func setSizes(provisioning *block.ProvisioningSpec, least spec.Size, most string) error {
	if least != 0 {
		if err := setText(&provisioning.ProvisioningMinSize, least.String()); err != nil {
			return fmt.Errorf("minSize: %w", err)
		}
	}
	if most != "" {
		if err := setText(&provisioning.ProvisioningMaxSize, most); err != nil {
			return fmt.Errorf("maxSize: %w", err)
		}
	}
	return nil
}

func setText(target encoding.TextUnmarshaler, text string) error {
	return target.UnmarshalText([]byte(text))
}
