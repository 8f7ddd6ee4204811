package discover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Identity is what a stack file says of a node's hardware that only one machine has. The zero value says nothing.
type Identity struct {
	// Cards are hardware addresses: that of the node's card, or those of its bond's, of which one is enough.
	Cards []spec.MAC
	// Disk is the disk that Talos is installed on, named for ever; zero where the file describes it by what others have, too.
	Disk spec.DiskSelector
}

// IdentityOf is what the stack file says of a node.
func IdentityOf(node spec.Node) Identity {
	var i Identity
	switch {
	case !node.MAC.IsZero():
		i.Cards = []spec.MAC{node.MAC}
	case node.Bond != nil:
		i.Cards = slices.Clone(node.Bond.MACs)
	}
	// The kernel's name of a disk is in every machine.
	if disk := node.InstallDisk; disk.Names() && (disk.Path == "" || strings.HasPrefix(disk.Path, byID)) {
		i.Disk = disk
	}
	return i
}

const byID = "/dev/disk/by-id/"

// IsZero reports whether nothing is known.
func (i Identity) IsZero() bool { return len(i.Cards) == 0 && i.Disk.IsZero() }

func (i Identity) String() string {
	var parts []string
	if len(i.Cards) > 0 {
		var cards []string
		for _, mac := range i.Cards {
			cards = append(cards, mac.String())
		}
		parts = append(parts, "the card "+strings.Join(cards, " or "))
	}
	if !i.Disk.IsZero() {
		parts = append(parts, "the disk "+i.disk())
	}
	return strings.Join(parts, " and ")
}

func (i Identity) disk() string { return cmp.Or(i.Disk.Serial, i.Disk.WWID, i.Disk.Path) }

// likeness is how much of an identity a machine has.
type likeness int

const (
	none likeness = iota
	// some is a card in another machine, or a machine with another disk.
	some
	all
)

// of compares a machine with everything that is known.
func (i Identity) of(m Machine) likeness {
	var has, lacks bool
	note := func(found bool) { has, lacks = has || found, lacks || !found }
	if len(i.Cards) > 0 {
		note(slices.ContainsFunc(m.Links, func(l Link) bool { return slices.Contains(i.Cards, l.MAC) }))
	}
	if !i.Disk.IsZero() {
		note(slices.ContainsFunc(m.Disks, i.selects))
	}
	switch {
	case has && lacks:
		return some
	case has:
		return all
	}
	return none
}

// selects compares what names a disk, as [Machine.Selector] writes it.
func (i Identity) selects(d Disk) bool {
	s := i.Disk
	return (s.Serial == "" || s.Serial == d.Serial) && (s.WWID == "" || s.WWID == d.WWID) &&
		(s.Path == "" || slices.Contains(d.Links, s.Path))
}

// hardware is what tells a machine from others, for a person who compares it with a stack file.
func (m Machine) hardware() string {
	var cards, disks []string
	for _, l := range m.Links {
		cards = append(cards, l.MAC.String())
	}
	for _, d := range m.Disks {
		disks = append(disks, cmp.Or(d.Serial, d.WWID, d.Path))
	}
	return fmt.Sprintf("cards %s; disks %s", orNone(cards), orNone(disks))
}

func orNone(names []string) string { return cmp.Or(strings.Join(names, ", "), "none") }

// has reports whether one of the machine's cards has an address.
func (m Machine) has(other Machine) bool {
	at := m
	at.Address = other.Address
	_, ok := at.Link()
	return ok
}
