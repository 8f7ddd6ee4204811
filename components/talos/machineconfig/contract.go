package machineconfig

import (
	"errors"
	"fmt"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config"
	configdoc "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/network"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"

	"github.com/home-ops/home-ops/spec"
)

// contractOf is the Talos minor whose form the stack's configurations have. Up to
// v1.11 nearly everything is in one document, v1alpha1; v1.12 has one for the host
// name and for registries, v1.13 for KubeSpan; v1.14 has one for almost every topic, and refuses the
// same topic in both places.
func contractOf(stack *spec.Stack) (*config.VersionContract, error) {
	contract, err := config.ParseContractFromVersion(string(stack.Cluster.TalosContract))
	if err != nil {
		return nil, fmt.Errorf("cluster.talosContract: %w", err)
	}
	return contract, nil
}

// configuration is one node's machine configuration in the making: what Talos
// generated, as this project changes it.
type configuration struct {
	stack    *spec.Stack
	node     spec.Node
	contract *config.VersionContract
	keys     diskKeys
	// main is the v1alpha1 document, which is also among the documents.
	main      *v1alpha1.Config
	documents []configdoc.Document
}

// configure writes every setting to the place that the contract has for it.
func (c *configuration) configure() error {
	if c.contract.MultidocKubernetesConfigSupported() {
		if err := c.inDocuments(); err != nil {
			return err
		}
	} else if err := c.inMain(); err != nil {
		return err
	}
	if c.contract.MultidocNetworkConfigSupported() {
		if err := errors.Join(edit(c, c.hostname), c.registries()); err != nil {
			return err
		}
	} else {
		c.main.MachineConfig.MachineNetwork.NetworkHostname = c.node.Name
		// deprecated in favour of documents that this contract does not know
		if err := configureRegistries(&c.main.MachineConfig.MachineRegistries, c.stack.Cluster.Registries, c.keys.passphrases); err != nil {
			return err
		}
	}
	c.kubeSpan()
	return c.volumes()
}

// inMain writes to the v1alpha1 document.
func (c *configuration) inMain() error {
	m, stack, node := c.main.MachineConfig, c.stack, c.node
	if err := configureInstall(m.MachineInstall, node); err != nil {
		return err
	}
	m.MachineNetwork = networkConfig(stack, node)
	registerName(m.MachineKubelet, node)
	configureKubelet(m.MachineKubelet, stack, node)
	configureNodeObject(m, stack, node)

	m.MachineTime = &v1alpha1.TimeConfig{TimeServers: stack.Network.NTPServers}
	m.MachineKernel = kernelConfig(node)
	m.MachineSysctls = sysctls(node)
	m.MachineSysfs = node.Sysfs
	m.MachineFiles = containerdFiles()
	m.MachineFeatures.HostDNSSupport = &v1alpha1.HostDNSConfig{
		HostDNSConfigEnabled:        pointer.To(true),
		HostDNSForwardKubeDNSToHost: pointer.To(forwardKubeDNSToHost),
		HostDNSResolveMemberNames:   pointer.To(stack.Cluster.Discovery.Enabled),
	}
	if node.IsControlPlane() { // Talos refuses it on a worker.
		m.MachineFeatures.KubernetesTalosAPIAccessConfig = talosAPIAccess()
	}
	configureCluster(c.main.ClusterConfig, stack, node)
	return nil
}

// forwardKubeDNSToHost is off: Cilium masquerades in eBPF, which the detour over
// the host's own resolver does not survive
// (https://github.com/siderolabs/talos/issues/10002).
const forwardKubeDNSToHost = false

func (c *configuration) hostname(document *network.HostnameConfigV1Alpha1) error {
	document.ConfigAuto = pointer.To(nethelpers.AutoHostnameKindOff)
	document.ConfigHostname = c.node.Name
	return nil
}

// add appends documents of the project's own.
func (c *configuration) add(documents ...configdoc.Document) {
	c.documents = append(c.documents, documents...)
}

// edit changes the one document of its type that Talos generated.
func edit[T configdoc.Document](c *configuration, change func(T) error) error {
	for _, document := range c.documents {
		if found, ok := document.(T); ok {
			return change(found)
		}
	}
	var none T
	return fmt.Errorf("cluster.talosContract: for %s Talos generates no %T, which this program expects", c.contract, none)
}
