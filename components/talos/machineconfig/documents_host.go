package machineconfig

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/cluster"
	"github.com/siderolabs/talos/pkg/machinery/config/types/cri"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/network"
	"github.com/siderolabs/talos/pkg/machinery/config/types/runtime"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// inDocuments writes to the documents of contract v1.14 and later. Of the v1alpha1
// document there remain the machine's type and certificates, etcd, and the links:
// Talos reads those from there under every contract, and a link that is rewritten
// wrongly takes its node off the network.
func (c *configuration) inDocuments() error {
	c.main.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkInterfaces: nodeDevices(c.stack, c.node)}
	errs := []error{
		c.installation(),
		edit(c, c.resolver),
		c.kubernetes(),
	}
	if c.stack.Cluster.Discovery.Enabled {
		errs = append(errs, edit(c, c.discovery))
	}
	c.hosts()
	c.kernel()
	customization := cri.NewCRICustomizationConfigV1Alpha1("keep-image-layers")
	customization.CustomizationContent = containerdPart
	c.add(customization)
	return errors.Join(errs...)
}

// installation selects the disk by the expression that Talos makes of an install
// section, so that both contracts choose the same one.
func (c *configuration) installation() error {
	install := runtime.NewUnattendedInstallConfigV1Alpha1()
	install.Installer.Image = c.stack.InstallerImage(c.node)
	install.ProvisioningSpec.Wipe = pointer.To(c.node.WipeInstallDisk)

	var section v1alpha1.InstallConfig
	if err := configureInstall(&section, c.node); err != nil {
		return err
	}
	match, err := section.DiskMatchExpression()
	switch {
	case err != nil:
		return fmt.Errorf("installDisk: %w", err)
	case match != nil:
		install.ProvisioningSpec.DiskSelector.Match = *match
	default:
		if install.ProvisioningSpec.DiskSelector.Match, err = diskExpression(c.node.InstallDisk); err != nil {
			return fmt.Errorf("installDisk: %w", err)
		}
	}
	c.add(install)
	return nil
}

func (c *configuration) resolver(document *network.ResolverConfigV1Alpha1) error {
	for _, address := range c.stack.Network.DNSServers {
		document.ResolverNameservers = append(document.ResolverNameservers,
			network.NameserverConfig{Address: meta.Addr{Addr: address}})
	}
	document.ResolverHostDNS = network.HostDNSConfig{
		HostDNSEnabled:              pointer.To(true),
		HostDNSForwardKubeDNSToHost: pointer.To(forwardKubeDNSToHost),
		HostDNSResolveMemberNames:   pointer.To(c.stack.Cluster.Discovery.Enabled),
	}
	return nil
}

func (c *configuration) discovery(document *cluster.DiscoveryServiceConfigV1Alpha1) error {
	endpoint, err := url.Parse(c.stack.Cluster.Discovery.ServiceEndpoint)
	if err != nil {
		return fmt.Errorf("cluster.discovery.serviceEndpoint: %w", err)
	}
	document.EndpointURL = meta.URL{URL: endpoint}
	return nil
}

// hosts are the node's static host entries and its time servers.
func (c *configuration) hosts() {
	for _, address := range slices.Sorted(maps.Keys(c.node.Hosts)) {
		host := network.NewStaticHostConfigV1Alpha1(address)
		host.Hostnames = c.node.Hosts[address]
		c.add(host)
	}
	if servers := c.stack.Network.NTPServers; len(servers) > 0 {
		time := network.NewTimeSyncConfigV1Alpha1()
		time.TimeNTP = &network.NTPConfig{Servers: servers}
		c.add(time)
	}
}

// kernel are its parameters and the modules that are loaded, in their order.
func (c *configuration) kernel() {
	parameters := runtime.NewSysctlConfigV1Alpha1()
	parameters.Params = sysctls(c.node)
	c.add(parameters)
	if len(c.node.Sysfs) > 0 {
		attributes := runtime.NewSysfsConfigV1Alpha1()
		attributes.Params = c.node.Sysfs
		c.add(attributes)
	}
	for _, wanted := range c.node.KernelModules {
		module := runtime.NewKernelModuleConfigV1Alpha1(wanted.Name)
		module.ModuleParameters = wanted.Parameters
		c.add(module)
	}
}
