package sandbox

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Room is what the sealed room is furnished with.
type Room struct {
	// Addresses are put on loopback: every address that the stack file names.
	Addresses []netip.Addr
	// Broadcasts are the last addresses of the IPv4 networks: what is sent there reaches whoever listens, as in the house.
	Broadcasts []netip.Addr
	// Hosts maps names to the room's addresses; what is not in it does not resolve.
	Hosts map[string]netip.Addr
	// Covers maps a file to the one that the room sees in its place.
	Covers map[string]string
	// Dir is where the room keeps the files that it puts over the machine's own.
	Dir string
}

// Furnish turns the fresh namespaces of this process into the room. It refuses to run where a real network is in
// reach, so that a mistake can never put the stack's addresses on a real machine.
func Furnish(r Room) error {
	if err := refuseRealNetwork(); err != nil {
		return err
	}
	// What we mount stays in here.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("room: making mounts private: %w", err)
	}
	// Inside some containers a second proc is refused. The machine's own does for all we need.
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err := addresses(r); err != nil {
		return err
	}
	if err := names(r); err != nil {
		return err
	}
	for over, with := range r.Covers {
		if err := cover(over, with); err != nil {
			return err
		}
	}
	return nil
}

func refuseRealNetwork() error {
	links, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("room: listing links: %w", err)
	}
	for _, link := range links {
		if link.Flags&net.FlagLoopback != 0 {
			continue
		}
		// Tunnel devices such as sit0 appear in every namespace where the kernel has them, and lead nowhere.
		addresses, err := link.Addrs()
		if err != nil {
			return fmt.Errorf("room: addresses of %s: %w", link.Name, err)
		}
		if link.Flags&net.FlagUp != 0 || len(addresses) > 0 {
			return fmt.Errorf("room: link %s is here, so this is not a sealed namespace; start it with `make rehearse`", link.Name)
		}
	}
	return nil
}

func addresses(r Room) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("room: loopback: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("room: loopback up: %w", err)
	}
	for _, b := range r.Broadcasts {
		err := netlink.RouteAdd(&netlink.Route{
			LinkIndex: lo.Attrs().Index, Dst: &net.IPNet{IP: b.AsSlice(), Mask: net.CIDRMask(b.BitLen(), b.BitLen())},
			Type: unix.RTN_BROADCAST, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_LINK,
		})
		if err != nil && !errors.Is(err, syscall.EEXIST) {
			return fmt.Errorf("room: broadcast address %s on loopback: %w", b, err)
		}
	}
	for _, a := range r.Addresses {
		address := &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())}}
		if a.Is6() {
			// Duplicate address detection would leave the address unusable for its first second.
			address.Flags = unix.IFA_F_NODAD
		}
		err := netlink.AddrAdd(lo, address)
		switch {
		case err == nil || errors.Is(err, syscall.EEXIST):
		case a.Is6() && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EOPNOTSUPP)):
			return fmt.Errorf("room: %s: this machine has IPv6 switched off, and the stack is dual-stack; enable it with `sudo sysctl net.ipv6.conf.all.disable_ipv6=0`: %w", a, err)
		default:
			return fmt.Errorf("room: address %s on loopback: %w", a, err)
		}
	}
	return nil
}

// names covers hosts, resolv.conf and nsswitch.conf, so that resolving is a matter of the room's own file alone.
func names(r Room) error {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n::1 localhost\n")
	hosts := make([]string, 0, len(r.Hosts))
	for host := range r.Hosts {
		hosts = append(hosts, host)
	}
	slices.Sort(hosts)
	for _, host := range hosts {
		fmt.Fprintf(&b, "%s %s\n", r.Hosts[host], host)
	}
	for name, text := range map[string]string{
		"hosts":         b.String(),
		"resolv.conf":   "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
		"nsswitch.conf": "hosts: files dns\n",
	} {
		with := filepath.Join(r.Dir, name)
		if err := os.WriteFile(with, []byte(text), 0o644); err != nil {
			return fmt.Errorf("room: %w", err)
		}
		if err := cover(filepath.Join("/etc", name), with); err != nil {
			return err
		}
	}
	return nil
}

// cover bind-mounts a file over another. A file that the machine does not have needs no covering.
func cover(over, with string) error {
	resolved, err := filepath.EvalSymlinks(over)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("room: %w", err)
	}
	if err := unix.Mount(with, resolved, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("room: putting %s over %s: %w", with, resolved, err)
	}
	return nil
}
