package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/spec"
)

// cephMachines is how many machines Ceph wants for three copies of everything.
const cephMachines = 3

// storing are the machines that may hold data of Ceph: the workers, or all where there are none.
func (i *initiation) storing() []int {
	var workers, all []int
	for n, node := range i.plan.Nodes {
		all = append(all, n)
		if node.Role == spec.RoleWorker {
			workers = append(workers, n)
		}
	}
	if len(workers) > 0 {
		return workers
	}
	return all
}

// proposeCeph proposes the spare disks of machines that were read.
func (i *initiation) proposeCeph(machines []discover.Machine) error {
	nodes := i.plan.Nodes
	spare := map[int][]spec.DiskSelector{}
	var shown, without []string
	for _, n := range i.storing() {
		m := machines[n]
		at := slices.IndexFunc(m.Disks, func(d discover.Disk) bool { return m.Selector(d) == nodes[n].InstallDisk })
		for _, d := range m.SpareDisks(m.Disks[at]) {
			if selector := m.Selector(d); selector.Serial != "" || selector.WWID != "" {
				spare[n] = append(spare[n], selector)
				shown = append(shown, nodes[n].Name+" "+d.Path)
			}
		}
		if len(spare[n]) == 0 {
			without = append(without, nodes[n].Name)
		}
	}
	if len(spare) < cephMachines {
		return i.noCeph(fmt.Sprintf("Ceph wants spare disks in %d machines: %d have one, and %s none that has a serial number or WWID",
			cephMachines, len(spare), strings.Join(without, ", ")))
	}
	yes, err := ask(i.asker, "ceph", "Give the spare disks to Ceph, which loses everything on them ("+strings.Join(shown, ", ")+")", "no", parseYes)
	if err != nil || !yes {
		return err
	}
	for n, disks := range spare {
		nodes[n].CephDisks = disks
	}
	return i.kubernetes(firststack.KubernetesForCeph(i.plan.KubernetesVersion))
}

// describeCeph asks for the disks of machines that are not read, one of each.
func (i *initiation) describeCeph() error {
	storing := i.storing()
	if len(storing) < cephMachines {
		return i.noCeph(fmt.Sprintf("Ceph wants %d machines with a spare disk, and there are %d that may have one", cephMachines, len(storing)))
	}
	var names []string
	for _, n := range storing {
		names = append(names, i.plan.Nodes[n].Name)
	}
	disks, err := ask(i.asker, "ceph", "Disks for Ceph, which loses everything on them: one of each of "+strings.Join(names, ", ")+", or no", "no",
		func(text string) ([]spec.DiskSelector, error) {
			yes, err := parseYes(text)
			switch {
			case err == nil && yes:
				return nil, errors.New("the machines are not read: name the disks, serial=NUMBER or wwid=ID for each of " + strings.Join(names, ", "))
			case err == nil:
				return nil, nil
			}
			return cephDisks(text, names)
		})
	if err != nil || len(disks) == 0 {
		return err
	}
	for at, n := range storing {
		i.plan.Nodes[n].CephDisks = []spec.DiskSelector{disks[at]}
	}
	return i.kubernetes(firststack.KubernetesForCeph(i.plan.KubernetesVersion))
}

// cephDisks reads a disk for each of the machines. A path is none: it may be another disk's after the next boot.
func cephDisks(text string, machines []string) ([]spec.DiskSelector, error) {
	disks, err := listOf(parseDisk)(text)
	switch {
	case err != nil:
		return nil, err
	case len(disks) != len(machines):
		return nil, fmt.Errorf("%d disks for the %d machines %s", len(disks), len(machines), strings.Join(machines, ", "))
	case slices.ContainsFunc(disks, func(d spec.DiskSelector) bool { return d.Path != "" }):
		return nil, errors.New("a path may be another disk's after the next boot: say serial=NUMBER or wwid=ID")
	}
	return disks, nil
}

// noCeph refuses a --ceph that cannot be had.
func (i *initiation) noCeph(why string) error {
	if !i.given["ceph"] {
		return nil
	}
	if yes, err := parseYes(i.flags.Lookup("ceph").Value.String()); err == nil && !yes {
		return nil
	}
	return usagef("init: --ceph: %s", why)
}
