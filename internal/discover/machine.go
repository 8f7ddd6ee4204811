// Package discover reads what a machine is made of from Talos in maintenance mode: its disks, its network cards
// and their addresses. Nobody then has to type serial numbers and MAC addresses into a stack file.
package discover

import (
	"net/netip"
	"slices"

	"github.com/home-ops/home-ops/spec"
)

// Machine is what one machine reported about itself.
type Machine struct {
	// Address is where it was asked.
	Address netip.Addr
	// TalosVersion is the release on the boot media, with its leading v; empty when it was not reported.
	TalosVersion string
	// Arch is the processor architecture; empty when nothing gave it away.
	Arch spec.Arch
	// Product is the maker's name for the machine.
	Product string
	// Cores is the number of processor cores, Memory the installed memory; zero when unknown.
	Cores  int
	Memory spec.Size
	// Gateways are the routers of its default routes.
	Gateways []netip.Addr
	// Disks are sorted by path, Links by name.
	Disks []Disk
	Links []Link
}

// Link is a physical network card.
type Link struct {
	Name      string
	MAC       spec.MAC
	Up        bool
	SpeedMbit int
	// Addresses are those that it has now, with the lengths of their networks.
	Addresses []netip.Prefix
}

// Link is the card that carries the address at which the machine was asked.
func (m Machine) Link() (Link, bool) {
	for _, l := range m.Links {
		if slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return p.Addr() == m.Address }) {
			return l, true
		}
	}
	return Link{}, false
}

// Network is the network that the machine's address lies in.
func (m Machine) Network() (netip.Prefix, bool) {
	l, _ := m.Link()
	for _, p := range l.Addresses {
		if p.Addr() == m.Address {
			return p.Masked(), true
		}
	}
	return netip.Prefix{}, false
}
