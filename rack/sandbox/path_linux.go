package sandbox

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	// nowhere is the routing table whose only route says that there is none.
	nowhere = 99
	// behind is the priority that the rule for the machine's own addresses is moved to. The kernel has it at 0, before every
	// other; two machines of a room have addresses of one kernel, so that a rule between them must come first.
	behind = 1
)

// Cut takes the path away between each of one machine's addresses and each of the others', both ways, as a broken cable
// between switches does: what is sent on a connection is lost, and a dial finds no route to the host. It cuts what has its
// own machine's address at both ends, as etcd's members speak to each other; a program that lets the kernel choose its
// address on loopback speaks from the other's, and is not cut. It is for a room alone.
func Cut(one, others []netip.Addr) error {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		if err := pathsFirst(family); err != nil {
			return fmt.Errorf("room: rules between machines: %w", err)
		}
	}
	return paths(one, others, "cutting", syscall.EEXIST, netlink.RuleAdd)
}

// Mend gives back the paths that [Cut] has taken; one that is there is left alone.
func Mend(one, others []netip.Addr) error {
	return paths(one, others, "mending", syscall.ENOENT, netlink.RuleDel)
}

// paths does something with the rule for each direction of each pair; done is the kernel's error for one that is so already.
func paths(one, others []netip.Addr, doing string, done syscall.Errno, do func(*netlink.Rule) error) error {
	var errs []error
	for _, a := range one {
		for _, b := range others {
			if a.Is4() != b.Is4() || a == b {
				continue
			}
			for _, way := range [][2]netip.Addr{{a, b}, {b, a}} {
				rule := netlink.NewRule()
				rule.Priority, rule.Table, rule.Src, rule.Dst = 0, nowhere, host(way[0]), host(way[1])
				if err := do(rule); err != nil && !errors.Is(err, done) {
					errs = append(errs, fmt.Errorf("room: %s the path from %s to %s: %w", doing, way[0], way[1], err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// pathsFirst makes room for rules before the one for the machine's own addresses.
func pathsFirst(family int) error {
	all := &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
	if family == unix.AF_INET6 {
		all = &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
	}
	err := netlink.RouteAdd(&netlink.Route{Table: nowhere, Type: unix.RTN_UNREACHABLE, Dst: all, Family: family})
	switch {
	case errors.Is(err, syscall.EEXIST):
		return nil
	case family == unix.AF_INET6 && (errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EACCES)):
		return nil // a machine without IPv6, and so without a path
	case err != nil:
		return err
	}
	local := netlink.NewRule()
	local.Family, local.Table, local.Priority = family, unix.RT_TABLE_LOCAL, behind
	if err := netlink.RuleAdd(local); err != nil {
		return err
	}
	local.Priority = 0
	return netlink.RuleDel(local)
}

func host(a netip.Addr) *net.IPNet {
	return &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())}
}
