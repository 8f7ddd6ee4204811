package machineconfig

import (
	"errors"
	"fmt"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

func configureInstall(install *v1alpha1.InstallConfig, node spec.Node) error {
	install.InstallWipe = pointer.To(node.WipeInstallDisk)

	disk := node.InstallDisk
	if disk.IsZero() {
		return errors.New("installDisk: select the disk that Talos is installed on")
	}
	if disk.Path != "" {
		install.InstallDisk = disk.Path
		return nil
	}
	size, err := sizeMatcher(disk)
	if err != nil {
		return fmt.Errorf("installDisk: %w", err)
	}
	install.InstallDiskSelector = &v1alpha1.InstallDiskSelector{
		Size:    size,
		Serial:  disk.Serial,
		WWID:    disk.WWID,
		Model:   disk.Model,
		BusPath: disk.BusPath,
		Type:    v1alpha1.InstallDiskType(disk.Type),
	}
	return nil
}

// sizeMatcher is the one condition on the size that Talos takes for the install
// disk. It can be made only by parsing.
func sizeMatcher(disk spec.DiskSelector) (*v1alpha1.InstallDiskSizeMatcher, error) {
	var condition string
	switch {
	case disk.MinSize != 0 && disk.MaxSize != 0:
		return nil, errors.New("minSize and maxSize together: Talos takes one of them for the install disk")
	case disk.MinSize != 0:
		condition = ">= " + disk.MinSize.String()
	case disk.MaxSize != 0:
		condition = "<= " + disk.MaxSize.String()
	default:
		return nil, nil
	}
	var matcher v1alpha1.InstallDiskSizeMatcher
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: condition}
	if err := node.Decode(&matcher); err != nil {
		return nil, err
	}
	return &matcher, nil
}
