package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"golang.org/x/mod/semver"
)

// SystemVolume is one of Talos's own volumes, as it was made. It stays so, whatever the config says later, until it is wiped.
type SystemVolume struct {
	// Disk is the path of its disk, and Size what it takes of it in bytes; neither is known of STATE.
	Disk string `json:"disk,omitempty"`
	Size uint64 `json:"size,omitempty"`
	// Encrypted is one of LUKS.
	Encrypted bool `json:"encrypted,omitempty"`
	// Blank is a partition that was wiped and left in its place: it keeps its size, and is made anew in it.
	Blank bool `json:"blank,omitempty"`
}

// systemVolumes are those that are simulated.
var systemVolumes = []string{constants.StatePartitionLabel, constants.EphemeralPartitionLabel}

// droppingRelease is the first release of which a reset takes away the partitions that it wipes
// (https://github.com/siderolabs/talos/pull/12207).
const droppingRelease = "v1.12"

// SystemVolume is a volume of a label, STATE or EPHEMERAL; an error when it was not made.
func (n *Node) SystemVolume(label string) (SystemVolume, error) {
	made, err := n.parts.made()
	if err != nil {
		return SystemVolume{}, err
	}
	volume, ok := made[label]
	if !ok || volume.Blank {
		return SystemVolume{}, fmt.Errorf("%s has no volume %s", n.opts.Name, label)
	}
	return volume, nil
}

const madeFile = "volumes.json"

// made are the volumes that were made, by their labels.
func (p partitions) made() (map[string]SystemVolume, error) {
	made := map[string]SystemVolume{}
	data, err := p.read(madeFile)
	if err != nil || data == nil {
		return made, err
	}
	return made, json.Unmarshal(data, &made)
}

func (p partitions) setMade(made map[string]SystemVolume) error {
	data, err := json.Marshal(made)
	if err != nil {
		return err
	}
	return p.write(madeFile, data)
}

// unmake forgets a volume that a release of Talos wipes. STATE has its place and size for ever.
func (p partitions) unmake(label, release string) error {
	made, err := p.made()
	if err != nil {
		return err
	}
	volume, ok := made[label]
	delete(made, label)
	if ok && label == constants.EphemeralPartitionLabel && semver.Compare(semver.MajorMinor(release), droppingRelease) < 0 {
		made[label] = SystemVolume{Disk: volume.Disk, Size: volume.Size, Blank: true}
	}
	return p.setMade(made)
}

// encrypts reports whether a config wants a volume of Talos's own to be encrypted.
func encrypts(cfg config.Provider, label string) bool {
	if volume, _ := cfg.Volumes().ByName(label); volume.Encryption() != nil {
		return true
	}
	return cfg.Machine() != nil && cfg.Machine().SystemDiskEncryption().Get(label) != nil
}

// unlike is why a volume that was made cannot be opened as a config wants it; nil where it can. The words are those of Talos
// (https://github.com/siderolabs/talos/tree/v1.14.0-rc.1/internal/app/machined/pkg/controllers/block/internal/volumes).
func (v SystemVolume) unlike(encrypted bool) error {
	switch {
	case v.Blank || v.Encrypted == encrypted:
		return nil
	case encrypted:
		return errors.New("block dev type mismatch: xfs != luks")
	}
	return errors.New("filesystem type mismatch: luks != xfs")
}

// openVolumes makes those of Talos's own volumes that are not there yet, and has the others fail that are not as the config
// wants them. One that was opened stays open until the next boot, whatever the config becomes.
func (s *session) openVolumes(cfg config.Provider, statuses []*block.VolumeStatus) error {
	made, err := s.parts.made()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, status := range statuses {
		label, spec := status.Metadata().ID(), status.TypedSpec()
		if spec.Phase != block.VolumePhaseReady || s.opened[label] || !slices.Contains(systemVolumes, label) {
			continue
		}
		wants := encrypts(cfg, label)
		was, known := made[label]
		if known {
			if err := was.unlike(wants); err != nil {
				spec.Phase, spec.ErrorMessage = block.VolumePhaseFailed, err.Error()
				continue
			}
		}
		s.opened[label] = true
		if !known || was.Blank {
			made[label] = SystemVolume{Disk: spec.ParentLocation, Size: spec.Size, Encrypted: wants}
		}
	}
	return s.parts.setMade(made)
}
