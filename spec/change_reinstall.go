package spec

import (
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// byReinstall is the way to change what is decided when a machine is installed.
const byReinstall = "write another word into its reinstall in the same step, which has it installed anew (docs/runbooks/change-a-node.md)"

// dropsPartitions is the first Talos of which a reset takes away the partitions that it wipes: those of before stay where
// they are, and as large (https://github.com/siderolabs/talos/pull/12207).
const dropsPartitions Version = "v1.12.0"

// installedAnew reports whether the step from one node to the other is an explicit reinstall.
func installedAnew(was, is Node) bool { return is.Reinstall != "" && is.Reinstall != was.Reinstall }

// Reinstalled are the nodes that the step to a stack has installed anew, by name.
func Reinstalled(from, to *Stack) map[string]bool {
	names := map[string]bool{}
	for _, is := range to.Nodes {
		for _, was := range from.Nodes {
			if was.Name == is.Name && installedAnew(was, is) {
				names[is.Name] = true
			}
		}
	}
	return names
}

// reinstall judges what is decided when a machine is installed, and the explicit reinstall that changes it.
func (c *change) reinstall(at *field.Path, was, is Node) {
	again := installedAnew(was, is)
	if was.InstallDisk != is.InstallDisk && !again {
		c.refuse(at.Child("installDisk"), "%s stays on the disk that Talos runs from until it is installed anew; %s", is.Name, byReinstall)
	}
	if !reflect.DeepEqual(was.EphemeralVolume, is.EphemeralVolume) {
		switch {
		case !again:
			c.refuse(at.Child("ephemeralVolume"), "the EPHEMERAL volume of %s was laid out when it was installed; %s", is.Name, byReinstall)
		case !c.from.Cluster.TalosVersion.Reaches(dropsPartitions):
			c.refuse(at.Child("ephemeralVolume"), "a reset by Talos %s wipes the EPHEMERAL volume of %s, and leaves its place and size; raise cluster.talosVersion to %s first, in a step of its own", c.from.Cluster.TalosVersion, is.Name, dropsPartitions.Minor())
		}
	}
	for _, v := range []struct {
		key     string
		was, is *VolumeEncryption
	}{
		{"state", was.Encryption.State, is.Encryption.State},
		{"ephemeral", was.Encryption.Ephemeral, is.Encryption.Ephemeral},
	} {
		if (v.was == nil) != (v.is == nil) && !again {
			c.refuse(at.Child("encryption", v.key), "the volume of %s was made %s, and the next boot would wait for ever for it to be otherwise; %s", is.Name, inTheClear(v.was), byReinstall)
		}
	}
	if again {
		c.reinstalls(at.Child("reinstall"), was, is)
	}
}

// reinstalls says what a reinstall costs, and refuses one that cannot be.
func (c *change) reinstalls(at *field.Path, was, is Node) {
	if is.IsControlPlane() && len(c.to.ControlPlanes()) == 1 {
		c.refuse(at, "%s is the only control plane, and etcd would be lost with it; add another one first, or build the cluster again (docs/runbooks/reset.md)", is.Name)
		return
	}
	if c.from.InstallerImage(was) != c.to.InstallerImage(is) || c.from.Cluster.KubernetesVersion != c.to.Cluster.KubernetesVersion {
		c.refuse(at, "%s is installed anew with the image and the Kubernetes that it has; apply the other ones in a step of their own", is.Name)
		return
	}
	moves, lost := "its pods are moved", "STATE and EPHEMERAL are wiped"
	if is.IsControlPlane() {
		moves = "its pods are moved, it leaves etcd"
	}
	var folders []string
	for _, v := range was.UserVolumes {
		if v.Type == VolumeDirectory {
			folders = append(folders, v.MountPath())
		}
	}
	if len(folders) > 0 {
		lost += ", with " + strings.Join(folders, ", ")
	}
	c.announce(at, "%s is installed anew: %s, %s, and it joins again; it is away for minutes. Its other volumes and disks keep what is on them", is.Name, moves, lost)
}

func inTheClear(v *VolumeEncryption) string {
	if v == nil {
		return "in the clear"
	}
	return "encrypted"
}
