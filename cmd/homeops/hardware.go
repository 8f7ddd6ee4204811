package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/spec"
)

// describe asks for the hardware of machines that are not read.
func (i *initiation) describe() error {
	nodes := i.plan.Nodes
	cards, err := ask(i.asker, "cards", "Network cards: MAC addresses, one for each machine, or one name for all", "", forEach(nodes, parseCard))
	if err != nil {
		return err
	}
	disks, err := ask(i.asker, "disks", "Disks to install on, which loses everything on them: one for each machine, or one for all", "", forEach(nodes, parseDisk))
	if err != nil {
		return err
	}
	arch, err := ask(i.asker, "arch", "Processors", string(spec.ArchAMD64), parseArch)
	if err != nil {
		return err
	}
	for n := range nodes {
		nodes[n].MAC, nodes[n].Interface = cards[n].mac, cards[n].name
		nodes[n].InstallDisk, nodes[n].Arch = disks[n], arch
	}
	return i.describeCeph()
}

// forEach reads one value for each node, or one for all.
func forEach[T any](nodes []firststack.Node, parse func(string) (T, error)) func(string) ([]T, error) {
	return func(text string) ([]T, error) {
		values, err := listOf(parse)(text)
		switch {
		case err != nil:
			return nil, err
		case len(values) == 1:
			return slices.Repeat(values, len(nodes)), nil
		case len(values) != len(nodes):
			return nil, fmt.Errorf("there are %d machines: give %[1]d values or one, not %d", len(nodes), len(values))
		}
		return values, nil
	}
}

// inventory are machines that were read, in the order of their addresses.
type inventory struct {
	addresses []netip.Addr
	machines  []discover.Machine
}

// readMachines reads the machines of the plan, those of one list of addresses once.
func (i *initiation) readMachines(ctx context.Context) ([]discover.Machine, error) {
	addresses := make([]netip.Addr, len(i.plan.Nodes))
	for n, node := range i.plan.Nodes {
		addresses[n] = node.Address
		if len(i.at) > 0 {
			addresses[n] = i.at[n]
		}
	}
	if slices.Equal(addresses, i.inventory.addresses) {
		return i.inventory.machines, nil
	}
	fmt.Fprintf(i.out, "Reading %d machines in maintenance mode...\n", len(addresses))
	machines, err := i.read(ctx, addresses)
	if err == nil {
		i.inventory = inventory{addresses, machines}
	}
	return machines, err
}

// fit says what keeps machines from becoming nodes, whatever their owner chooses.
func fit(machines []discover.Machine) error {
	var errs []error
	for _, m := range machines {
		if _, ok := m.InstallDisk(); !ok {
			errs = append(errs, fmt.Errorf("%s has no disk of 10 GiB or more that is not on USB: add one", m.Address))
		}
		if _, ok := m.Link(); !ok {
			errs = append(errs, fmt.Errorf("%s has no network card with that address: is there address translation in between?", m.Address))
		}
	}
	return errors.Join(errs...)
}

// discover shows what machines that fit are made of, and lets the owner choose the disks.
func (i *initiation) discover(machines []discover.Machine) error {
	proposals := make([]string, len(machines))
	for n, m := range machines {
		install, _ := m.InstallDisk()
		proposals[n] = install.Path
	}
	i.show(machines, proposals)
	if err := i.release(machines); err != nil {
		return err
	}
	if err := i.chooseDisks(machines, proposals); err != nil {
		return err
	}
	if err := i.adopt(machines); err != nil {
		return err
	}
	return i.proposeCeph(machines)
}

// talosQuestion is asked again of whoever has named a release.
const talosQuestion = "Talos release to install"

// release is the Talos that is installed, and the Kubernetes that goes with it, where no flag names them.
func (i *initiation) release(machines []discover.Machine) (err error) {
	var media []spec.Version
	for _, m := range machines {
		media = append(media, spec.Version(m.TalosVersion))
	}
	i.plan.TalosVersion, err = ask(i.quietly(), "talos-version", talosQuestion, string(firststack.TalosFor(media)), parseVersion)
	if err != nil {
		return err
	}
	return i.kubernetes(firststack.KubernetesFor(i.plan.TalosVersion))
}

// kubernetes is the proposed release, where no flag names one.
func (i *initiation) kubernetes(proposed spec.Version) (err error) {
	i.plan.KubernetesVersion, err = ask(i.quietly(), "kubernetes-version", "Kubernetes release to run", string(proposed), parseVersion)
	return err
}

// show prints a table of what was found, with the proposed install disks marked.
func (i *initiation) show(machines []discover.Machine, install []string) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MACHINE\tPART\tNAME\tSIZE\tIDENTITY\tMODEL\t")
	for n, m := range machines {
		about := []string{m.Product}
		if m.Cores > 0 {
			about = append(about, fmt.Sprintf("%d cores", m.Cores))
		}
		about = append(about, string(m.Arch))
		memory := ""
		if m.Memory > 0 {
			memory = m.Memory.String()
		}
		name := i.plan.Nodes[n].Name
		fmt.Fprintf(w, "%s\t%s\tTalos %s\t%s\t%s\t%s\t\n", name, "machine", cmp.Or(m.TalosVersion, "unknown"), memory, m.Address, joined(about))
		for _, l := range m.Links {
			speed := "no cable"
			if l.Up {
				speed = fmt.Sprintf("%d Mbit/s", l.SpeedMbit)
			}
			fmt.Fprintf(w, "%s\tcard\t%s\t%s\t%s\t%s\t\n", name, l.Name, speed, l.MAC, list(l.Addresses))
		}
		for _, d := range m.Disks {
			mark := ""
			switch {
			case d.Path == install[n]:
				mark = "install here"
			case !d.Fixed:
				mark = "not usable"
			}
			fmt.Fprintf(w, "%s\tdisk\t%s\t%s\t%s\t%s\t%s\n", name, d.Path, round(d.Size), cmp.Or(d.Serial, d.WWID), joined([]string{d.Model, d.Transport}), mark)
		}
	}
	_ = w.Flush()
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(i.out, strings.TrimRight(line, " \n"))
	}
}

func joined(parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// round shows a disk's size as vendors print it.
func round(s spec.Size) string {
	switch b := s.Bytes(); {
	case b >= 1e12:
		return fmt.Sprintf("%.1f TB", float64(b)/1e12)
	default:
		return fmt.Sprintf("%d GB", b/1e9)
	}
}

// chooseDisks settles the disks to install on.
func (i *initiation) chooseDisks(machines []discover.Machine, proposals []string) error {
	chosen, err := ask(i.asker, "disks", "Install on these disks, which loses everything on them", strings.Join(proposals, ","), i.installDisks(machines))
	if err != nil {
		return err
	}
	for n, m := range machines {
		i.plan.Nodes[n].InstallDisk = m.Selector(chosen[n])
	}
	return nil
}

// installDisks reads one disk for each machine, which the machine has and can be installed on.
func (i *initiation) installDisks(machines []discover.Machine) func(string) ([]discover.Disk, error) {
	return func(text string) ([]discover.Disk, error) {
		selectors, err := forEach(i.plan.Nodes, parseDisk)(text)
		if err != nil {
			return nil, err
		}
		var disks []discover.Disk
		for n, m := range machines {
			want := selectors[n]
			at := slices.IndexFunc(m.Disks, func(d discover.Disk) bool {
				return d.Path == want.Path || want.Serial != "" && d.Serial == want.Serial || want.WWID != "" && d.WWID == want.WWID ||
					slices.Contains(d.Links, want.Path)
			})
			switch {
			case at < 0:
				return nil, fmt.Errorf("%s has no disk %s", m.Address, cmp.Or(want.Path, want.Serial, want.WWID))
			case !m.Disks[at].Fixed:
				return nil, fmt.Errorf("%s of %s cannot be installed on: it is read-only or on USB", m.Disks[at].Path, m.Address)
			}
			disks = append(disks, m.Disks[at])
		}
		return disks, nil
	}
}

// adopt takes over what the machines reported and leaves no choice.
func (i *initiation) adopt(machines []discover.Machine) error {
	p := &i.plan
	var silent []string
	for n, m := range machines {
		l, _ := m.Link()
		p.Nodes[n].MAC, p.Nodes[n].Arch, p.Nodes[n].Note = l.MAC, m.Arch, m.Product
		if m.Arch == "" {
			silent = append(silent, p.Nodes[n].Name)
		}
		if network, ok := m.Network(); ok && !slices.Contains(p.NodeCIDRs, network) {
			p.NodeCIDRs = append(p.NodeCIDRs, network)
		}
		for _, g := range m.Gateways {
			if g.Is4() == m.Address.Is4() && !slices.Contains(p.Gateways, g) {
				p.Gateways = append(p.Gateways, g)
			}
		}
	}
	if len(silent) == 0 {
		return nil
	}
	arch, err := ask(i.asker, "arch", "Processors of "+strings.Join(silent, ", ")+", which do not report it", string(spec.ArchAMD64), parseArch)
	for n := range p.Nodes {
		p.Nodes[n].Arch = cmp.Or(p.Nodes[n].Arch, arch)
	}
	return err
}
