package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// disk is a disk that a stack file names, or finds by what it says of it.
type disk struct {
	mark, use string
	// is how the stack file tells it from others.
	is string
}

// card is one network card, or several as one.
type card struct {
	is    string
	says  []string
	links []string // the cards below a bond
}

// disksOf are the disks of a machine by their use, the system's first.
func disksOf(stack *spec.Stack, n spec.Node) []disk {
	install := selected(n.InstallDisk)
	out := []disk{{"system", "system", install}}
	if v := n.EphemeralVolume; v != nil && !v.Disk.IsZero() {
		out = append(out, disk{"system", "system: /var", selected(v.Disk)})
	}
	if ceph := stack.Storage.RookCeph; ceph != nil {
		for _, member := range ceph.Nodes {
			if member.Name != n.Name {
				continue
			}
			for _, d := range member.Disks {
				out = append(out, disk{"ceph", "Ceph", selected(d)})
			}
		}
	}
	if zfs := stack.Storage.ZFS; zfs != nil {
		for _, pool := range zfs.Pools {
			if pool.Node != n.Name {
				continue
			}
			for _, d := range pool.Disks {
				out = append(out, disk{"zfs", strings.TrimSpace("ZFS pool " + pool.Name + " " + string(pool.Layout)), selected(d)})
			}
		}
	}
	for _, v := range n.UserVolumes {
		mark, use := "volume", "volume "+v.Name
		if l := stack.Storage.Longhorn; l != nil && slices.Contains(l.Volumes(), v.Name) && (len(l.Nodes) == 0 || slices.Contains(l.Nodes, n.Name)) {
			mark, use = "longhorn", "Longhorn, volume "+v.Name
		}
		is := cmp.Or(v.Match, selected(v.Disk))
		out = append(out, disk{mark, use, is})
	}
	return out
}

// selected is a disk as a person would find it.
func selected(d spec.DiskSelector) string {
	var says []string
	for _, part := range []struct{ what, is string }{
		{"serial", d.Serial}, {"WWID", d.WWID}, {"", d.Path}, {"", d.Model}, {"at", d.BusPath}, {"", string(d.Type)},
	} {
		if part.is != "" {
			says = append(says, strings.TrimSpace(part.what+" "+part.is))
		}
	}
	if d.MinSize > 0 {
		says = append(says, "from "+d.MinSize.String())
	}
	if d.MaxSize > 0 {
		says = append(says, "to "+d.MaxSize.String())
	}
	return cmp.Or(strings.Join(says, ", "), "whichever Talos takes")
}

// cardsOf are the cards of a machine, that of its address first.
func cardsOf(stack *spec.Stack, n spec.Node) []card {
	first := card{is: cardName(n.MAC, n.Interface, n.Card, n.Bond)}
	for _, a := range n.Addresses() {
		first.says = append(first.says, a.String())
	}
	first.says = append(first.says, traits(cmp.Or(n.VLAN, stack.Network.VLAN), cmp.Or(n.MTU, stack.Network.MTU))...)
	first.links = bonded(n.Bond)
	out := []card{first}
	for _, l := range n.ExtraLinks {
		extra := card{is: cardName(l.MAC, l.Interface, l.Card, l.Bond), links: bonded(l.Bond)}
		for _, p := range l.Addresses {
			extra.says = append(extra.says, p.String())
		}
		if l.DHCP {
			extra.says = append(extra.says, "DHCP")
		}
		extra.says = append(extra.says, traits(l.VLAN, l.MTU)...)
		out = append(out, extra)
	}
	return out
}

func cardName(mac spec.MAC, name string, by spec.CardSelector, bond *spec.Bond) string {
	switch {
	case bond != nil:
		return bond.Name + " (" + string(bond.Mode) + ")"
	case !mac.IsZero():
		return mac.String()
	case name != "":
		return name
	default:
		return cmp.Or(by.String(), "the first card with a link")
	}
}

func bonded(b *spec.Bond) []string {
	if b == nil {
		return nil
	}
	var out []string
	for _, m := range b.MACs {
		out = append(out, m.String())
	}
	return append(out, b.Interfaces...)
}

// traits are what the switch has to know of a port.
func traits(vlan, mtu int) []string {
	var out []string
	if vlan > 0 {
		out = append(out, fmt.Sprintf("VLAN %d", vlan))
	}
	if mtu > 0 && mtu != 1500 {
		out = append(out, fmt.Sprintf("MTU %d", mtu))
	}
	return out
}
