package node

import (
	"net"
	"slices"
	"strings"

	"github.com/ryanuber/go-glob"
	configtypes "github.com/siderolabs/talos/pkg/machinery/config/config"
)

// matchDevice finds the links of the machine that a device of the config is made of, and the name under which it
// carries addresses. A selector that matches several links makes a device of each; the first stands for all.
func matchDevice(device configtypes.Device, links []Link) (name string, members []string) {
	name = device.Interface()
	switch bond, bridge := device.Bond(), device.Bridge(); {
	case device.Selector() != nil:
		members = selectLinks(device.Selector(), links)
		if len(members) > 0 {
			name = members[0]
		}
	case bond != nil:
		members = present(bond.Interfaces(), links)
		for _, selector := range bond.Selectors() {
			members = append(members, selectLinks(selector, links)...)
		}
	case bridge != nil:
		members = present(bridge.Interfaces(), links)
	default:
		members = present([]string{name}, links)
	}
	return name, members
}

func present(names []string, links []Link) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !slices.ContainsFunc(links, func(link Link) bool { return link.Name == name && !link.Down })
	})
}

func selectLinks(selector configtypes.NetworkDeviceSelector, links []Link) []string {
	var names []string
	for _, link := range links {
		if !link.Down && selects(selector, link) {
			names = append(names, link.Name)
		}
	}
	return names
}

// selects tells whether every field that the selector sets matches the link. The patterns are compared as they
// stand: the kernel writes a hardware address in lower case, and Talos does not change the selector's.
func selects(selector configtypes.NetworkDeviceSelector, link Link) bool {
	mac := link.hardwareAddr().String()
	fields := []struct{ pattern, value string }{
		{selector.HardwareAddress(), mac},
		{selector.PermanentAddress(), mac},
		{selector.PCIID(), link.PCIID},
		{selector.KernelDriver(), link.Driver},
		{selector.Bus(), link.BusPath},
	}
	matched := false
	for _, field := range fields {
		if field.pattern == "" {
			continue
		}
		if !glob.Glob(field.pattern, field.value) {
			return false
		}
		matched = true
	}
	if physical := selector.Physical(); physical != nil {
		return *physical
	}
	return matched
}

// hardwareAddr is the link's address; New has checked that it can be parsed.
func (l Link) hardwareAddr() net.HardwareAddr {
	mac, err := net.ParseMAC(l.MAC)
	if err != nil {
		return nil
	}
	return mac
}

func describeSelector(selector configtypes.NetworkDeviceSelector) string {
	if selector == nil {
		return ""
	}
	var parts []string
	for _, field := range []struct{ key, pattern string }{
		{"hardwareAddr", selector.HardwareAddress()},
		{"permanentAddr", selector.PermanentAddress()},
		{"pciID", selector.PCIID()},
		{"driver", selector.KernelDriver()},
		{"busPath", selector.Bus()},
	} {
		if field.pattern != "" {
			parts = append(parts, field.key+"="+field.pattern)
		}
	}
	return strings.Join(parts, ",")
}
