package rook

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Disk is a disk of a node as udev shows it.
type Disk struct {
	// Path is the device, such as /dev/nvme0n1.
	Path string
	// Links are its other names, such as /dev/disk/by-id/nvme-MODEL_SERIAL.
	Links []string
	// Size is in bytes.
	Size uint64
	// InUse says what is on it already, such as "the system disk"; empty is a blank disk.
	InUse string
	// Content is what a program has written onto it as a whole; empty is a blank disk.
	Content string
	// Dead says that each read and write is an error.
	Dead bool
	// lost says that an OSD has it, and the node lists it no more.
	lost bool
}

// choose is the disks of a node that the selection takes. A selection that takes none, that takes one which is in use, or of which a
// part takes none, is an error that says which: in life the one would be missing, and the other lost.
func (s selection) choose(node string, disks []Disk) ([]Disk, error) {
	if len(disks) == 0 {
		return nil, fmt.Errorf("node %s: it has no disks", node)
	}
	if s.UseAllDevices != nil && *s.UseAllDevices {
		blank := slices.DeleteFunc(slices.Clone(disks), func(d Disk) bool { return d.InUse != "" })
		if len(blank) == 0 {
			return nil, fmt.Errorf("node %s: every disk is in use", node)
		}
		return blank, nil
	}
	parts, err := s.parts()
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", node, err)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("node %s: nothing selects a disk", node)
	}
	var chosen []Disk
	var errs []error
	for _, p := range parts {
		any := false
		for _, disk := range disks {
			if !p.matches(disk) {
				continue
			}
			any = true
			if disk.InUse != "" {
				errs = append(errs, fmt.Errorf("node %s: %s matches %s, which is in use: %s", node, p.name, disk.Path, disk.InUse))
			}
			if !slices.ContainsFunc(chosen, func(c Disk) bool { return c.Path == disk.Path && c.lost == disk.lost }) {
				chosen = append(chosen, disk)
			}
		}
		if !any {
			errs = append(errs, fmt.Errorf("node %s: %s matches none of its disks: %s", node, p.name, list(disks)))
		}
	}
	return chosen, errors.Join(errs...)
}

// part is one thing that selects disks.
type part struct {
	name    string
	matches func(Disk) bool
}

// parts follow how Rook looks: it takes the devices that are named, else those of a filter
// (https://rook.io/docs/rook/latest/CRDs/Cluster/ceph-cluster-crd/#storage-selection-settings). A filter that joins several disks in
// one expression has a part for each, so that none of them is missing unseen.
func (s selection) parts() ([]part, error) {
	var parts []part
	for _, d := range s.Devices {
		name := d.FullPath
		if name == "" {
			name = d.Name
		}
		parts = append(parts, part{fmt.Sprintf("device %q", name), func(disk Disk) bool {
			return disk.Path == filepath.Join("/dev", name) || slices.Contains(disk.names(), name)
		}})
	}
	switch {
	case len(parts) > 0:
		return parts, nil
	case s.DeviceFilter != "":
		// A filter of kernel names sees them without /dev/.
		filter, err := regexp.Compile(s.DeviceFilter)
		if err != nil {
			return nil, fmt.Errorf("deviceFilter: %w", err)
		}
		return []part{{fmt.Sprintf("deviceFilter %q", s.DeviceFilter), func(disk Disk) bool {
			return filter.MatchString(strings.TrimPrefix(disk.Path, "/dev/"))
		}}}, nil
	case s.DevicePathFilter != "":
		return pathParts(s.DevicePathFilter)
	}
	return nil, nil
}

func pathParts(filter string) ([]part, error) {
	var parts []part
	for _, one := range alternatives(filter) {
		expression, err := regexp.Compile(one)
		if err != nil {
			return nil, fmt.Errorf("devicePathFilter: %w", err)
		}
		parts = append(parts, part{fmt.Sprintf("devicePathFilter %q", one), func(disk Disk) bool {
			return slices.ContainsFunc(disk.names(), expression.MatchString)
		}})
	}
	return parts, nil
}

// alternatives takes ^(a|b)$ apart into ^a$ and ^b$; any other expression is one.
func alternatives(filter string) []string {
	inner, ok := strings.CutPrefix(filter, "^(")
	inner, end := strings.CutSuffix(inner, ")$")
	if !ok || !end {
		return []string{filter}
	}
	var list []string
	depth, from := 0, 0
	for i, c := range inner {
		switch {
		case i > 0 && inner[i-1] == '\\':
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == '|' && depth == 0:
			list = append(list, "^"+inner[from:i]+"$")
			from = i + 1
		}
		if depth < 0 {
			return []string{filter}
		}
	}
	return append(list, "^"+inner[from:]+"$")
}

func (d Disk) names() []string { return append([]string{d.Path}, d.Links...) }

func list(disks []Disk) string {
	var names []string
	for _, d := range disks {
		if !d.lost {
			names = append(names, d.Path)
		}
	}
	return strings.Join(names, ", ")
}
