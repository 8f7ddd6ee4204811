package discover

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/cosi-project/runtime/pkg/resource/meta"
	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/hardware"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/spec"
)

// read collects a machine from the resources of its API.
func read(ctx context.Context, st state.State, address netip.Addr) (Machine, error) {
	m := Machine{Address: address}
	var err error
	if m.Disks, err = readDisks(ctx, st); err != nil {
		return m, err
	}
	if m.Links, err = readLinks(ctx, st); err != nil {
		return m, err
	}
	return m, readIdentity(ctx, st, &m)
}

// readDisks lists the disks in the order of the kernel's names.
func readDisks(ctx context.Context, st state.State) ([]Disk, error) {
	all, err := list[*block.Disk](ctx, st)
	if err != nil {
		return nil, err
	}
	var disks []Disk
	for _, d := range all {
		if disk, ok := diskOf(d.TypedSpec()); ok {
			disks = append(disks, disk)
		}
	}
	slices.SortFunc(disks, func(a, b Disk) int { return cmp.Compare(a.Path, b.Path) })
	return disks, nil
}

func diskOf(d *block.DiskSpec) (Disk, bool) {
	if d.Size == 0 || d.CDROM {
		return Disk{}, false
	}
	out := Disk{
		Path: d.DevPath, Size: spec.Size(d.Size), Model: d.Model, Serial: d.Serial, WWID: d.WWID,
		Transport: d.Transport, Links: d.Symlinks,
		Fixed: !d.Readonly && d.Transport != "usb",
	}
	switch {
	case d.Transport == "nvme":
		out.Type = spec.DiskNVMe
	case d.Transport == "mmc":
		out.Type = spec.DiskSD
	case d.Rotational:
		out.Type = spec.DiskHDD
	default:
		out.Type = spec.DiskSSD
	}
	// Loop devices hold Talos's own image and have no transport.
	return out, d.Transport != ""
}

func readLinks(ctx context.Context, st state.State) ([]Link, error) {
	statuses, err := list[*network.LinkStatus](ctx, st)
	if err != nil {
		return nil, err
	}
	addresses, err := list[*network.AddressStatus](ctx, st)
	if err != nil {
		return nil, err
	}
	var links []Link
	for _, s := range statuses {
		l := s.TypedSpec()
		if !l.Physical() {
			continue
		}
		mac := l.PermanentAddr
		if len(mac) != len(spec.MAC{}) {
			mac = l.HardwareAddr
		}
		if len(mac) != len(spec.MAC{}) {
			continue
		}
		link := Link{Name: s.Metadata().ID(), MAC: spec.MAC(mac), Up: l.LinkState, SpeedMbit: max(l.SpeedMegabits, 0)}
		for _, a := range addresses {
			if p := a.TypedSpec().Address; a.TypedSpec().LinkName == link.Name && !p.Addr().IsLinkLocalUnicast() {
				link.Addresses = append(link.Addresses, p)
			}
		}
		links = append(links, link)
	}
	slices.SortFunc(links, func(a, b Link) int { return cmp.Compare(a.Name, b.Name) })
	return links, nil
}

// readIdentity reads what is good to know; a release that lacks one of the resources still gives the rest.
func readIdentity(ctx context.Context, st state.State, m *Machine) error {
	routes, err := optional[*network.RouteStatus](ctx, st)
	if err != nil {
		return err
	}
	for _, r := range routes {
		route := r.TypedSpec()
		isDefault := !route.Destination.IsValid() || route.Destination.Bits() == 0
		if isDefault && route.Gateway.IsValid() && !slices.Contains(m.Gateways, route.Gateway) {
			m.Gateways = append(m.Gateways, route.Gateway)
		}
	}
	versions, err := optional[*runtime.Version](ctx, st)
	if err != nil {
		return err
	}
	for _, v := range versions {
		m.TalosVersion = v.TypedSpec().Version
	}
	systems, err := optional[*hardware.SystemInformation](ctx, st)
	if err != nil {
		return err
	}
	for _, s := range systems {
		m.Product = strings.TrimSpace(s.TypedSpec().Manufacturer + " " + s.TypedSpec().ProductName)
	}
	modules, err := optional[*hardware.MemoryModule](ctx, st)
	if err != nil {
		return err
	}
	for _, mod := range modules {
		m.Memory += spec.Size(mod.TypedSpec().Size) << 20 // reported in MiB
	}
	processors, err := optional[*hardware.Processor](ctx, st)
	if err != nil {
		return err
	}
	for _, p := range processors {
		m.Cores += int(p.TypedSpec().CoreCount)
		m.Arch = cmp.Or(m.Arch, archOfProcessor(p.TypedSpec().Manufacturer+" "+p.TypedSpec().ProductName))
	}
	cmdlines, err := optional[*runtime.KernelCmdline](ctx, st)
	if err != nil {
		return err
	}
	for _, c := range cmdlines {
		m.Arch = cmp.Or(archOfConsole(c.TypedSpec().Cmdline), m.Arch)
	}
	return nil
}

// archOfProcessor derives the architecture from the maker, since Talos has no resource that says it.
func archOfProcessor(name string) spec.Arch {
	name = strings.ToLower(name)
	for _, maker := range []string{"intel", "advanced micro devices", "amd"} {
		if strings.Contains(name, maker) {
			return spec.ArchAMD64
		}
	}
	for _, maker := range []string{"ampere", "apple", "broadcom", "cortex", "neoverse", "rockchip"} {
		if strings.Contains(name, maker) {
			return spec.ArchARM64
		}
	}
	return ""
}

// archOfConsole derives the architecture from the serial console that Talos's metal images for arm64 ask for
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/runtime/v1alpha1/platform/metal/metal.go).
func archOfConsole(cmdline string) spec.Arch {
	for _, arg := range strings.Fields(cmdline) {
		if strings.HasPrefix(arg, "console=ttyAMA") {
			return spec.ArchARM64
		}
	}
	return ""
}

// list reads every resource of a kind.
func list[T meta.ResourceWithRD](ctx context.Context, st state.State) ([]T, error) {
	items, err := safe.StateListAll[T](ctx, st)
	if err != nil {
		var kind T
		return nil, fmt.Errorf("%s: %w", kind.ResourceDefinition().Type, err)
	}
	return slices.Collect(items.All()), nil
}

// optional is [list] for kinds that not every release serves.
func optional[T meta.ResourceWithRD](ctx context.Context, st state.State) ([]T, error) {
	items, err := list[T](ctx, st)
	if state.IsNotFoundError(err) || state.IsUnsupportedError(err) {
		return nil, nil
	}
	switch status.Code(err) {
	case codes.NotFound, codes.Unimplemented, codes.PermissionDenied:
		return nil, nil
	}
	return items, err
}
