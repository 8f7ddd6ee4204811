package node

import "github.com/siderolabs/talos/pkg/machinery/resources/block"

// Occupied says what is on the machine's disks, by the device's path; a blank disk is not in it.
func (n *Node) Occupied() (map[string]string, error) {
	occupied := map[string]string{}
	installed, ok, err := n.parts.installed()
	if err != nil || !ok {
		return occupied, err
	}
	made, err := n.parts.made()
	if err != nil {
		return occupied, err
	}
	if config := n.Applied(); config != nil {
		for _, volume := range volumesOf(n.hardware(), installed.Disk, config, made) {
			if volume.TypedSpec().Phase == block.VolumePhaseReady {
				occupied[volume.TypedSpec().ParentLocation] = "volume " + volume.Metadata().ID()
			}
		}
	}
	occupied[installed.Disk] = "the system disk"
	return occupied, nil
}
