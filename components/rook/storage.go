package rook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/components/rook/disks"
	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// namedDisks lists each node's disks. Its errors begin with the path of the disk in the
// stack file.
func namedDisks(ceph *spec.RookCeph) (rookio.Storage, error) {
	var s rookio.Storage
	var errs []error
	if ceph.Encrypted {
		s.Config = map[string]string{"encryptedDevice": "true"}
	}
	for i, node := range ceph.Nodes {
		at := fmt.Sprintf("storage.rookCeph.nodes[%d].disks", i)
		filter, err := disks.Filter(node.Disks, node.Matching...)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				errs = append(errs, errors.New(at+strings.TrimSpace(line)))
			}
			continue
		}
		if j := slices.IndexFunc(node.Disks, isPartition); j >= 0 && ceph.Encrypted {
			errs = append(errs, fmt.Errorf("%s[%d].path: %s is a partition, and Rook encrypts whole disks: give the disk, or turn encrypted off",
				at, j, node.Disks[j].Path))
		}
		s.Nodes = append(s.Nodes, rookio.StorageNode{Name: node.Name, DevicePathFilter: filter})
	}
	return s, errors.Join(errs...)
}

// partition matches the names that the kernel and udev give to parts of a disk.
var partition = regexp.MustCompile(`^/dev/((sd|vd|xvd)[a-z]+[0-9]+|(nvme[0-9]+n|mmcblk)[0-9]+p[0-9]+|disk/by-.+-part[0-9]+)$`)

func isPartition(d spec.DiskSelector) bool { return partition.MatchString(d.Path) }
