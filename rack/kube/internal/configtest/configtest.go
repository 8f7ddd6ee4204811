// Package configtest makes machine configs for tests with Talos's own generator.
package configtest

import (
	"sync"
	"testing"

	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// KubernetesVersion is the one that the configs ask for.
const KubernetesVersion = "1.34.1"

// Cluster is a set of secrets and what all its nodes' configs share.
type Cluster struct {
	input *generate.Input
	all   []func(*v1alpha1.Config)
}

// bundle is the secrets of every cluster in a test binary: making their RSA keys takes seconds.
var bundle = sync.OnceValues(func() (*secrets.Bundle, error) {
	return secrets.NewBundle(secrets.NewClock(), talosconfig.TalosVersion1_11)
})

// New describes a cluster named home with this endpoint, without CNI and kube-proxy. The patches are for every node.
func New(t testing.TB, endpoint string, patches ...func(*v1alpha1.Config)) *Cluster {
	t.Helper()
	secrets, err := bundle()
	if err != nil {
		t.Fatal(err)
	}
	input, err := generate.NewInput("home", endpoint, KubernetesVersion,
		generate.WithVersionContract(talosconfig.TalosVersion1_11), generate.WithSecretsBundle(secrets))
	if err != nil {
		t.Fatal(err)
	}
	proxyless := func(c *v1alpha1.Config) {
		c.ClusterConfig.ClusterNetwork.CNI = &v1alpha1.CNIConfig{CNIName: constants.NoneCNI}
		disabled := true
		c.ClusterConfig.ProxyConfig = &v1alpha1.ProxyConfig{Disabled: &disabled}
	}
	return &Cluster{input: input, all: append([]func(*v1alpha1.Config){proxyless}, patches...)}
}

// Config is the config of one node.
func (c *Cluster) Config(t testing.TB, role machine.Type, patches ...func(*v1alpha1.Config)) talosconfig.Provider {
	t.Helper()
	provider, err := c.input.Config(role)
	if err != nil {
		t.Fatal(err)
	}
	for _, patch := range append(c.all, patches...) {
		provider, err = provider.PatchV1Alpha1(func(cfg *v1alpha1.Config) error {
			patch(cfg)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return provider
}

// VIP gives the first link of a control plane a virtual IP; a worker has none.
func VIP(ip string) func(*v1alpha1.Config) {
	return func(c *v1alpha1.Config) {
		if c.MachineConfig.MachineType != machine.TypeControlPlane.String() {
			return
		}
		c.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkInterfaces: v1alpha1.NetworkDeviceList{{
			DeviceInterface: "eth0", DeviceVIPConfig: &v1alpha1.DeviceVIPConfig{SharedIP: ip},
		}}}
	}
}

// DualStack gives pods and services a network of each family.
func DualStack(c *v1alpha1.Config) {
	c.ClusterConfig.ClusterNetwork.PodSubnet = []string{"10.244.0.0/16", "fd00:244::/56"}
	c.ClusterConfig.ClusterNetwork.ServiceSubnet = []string{"10.96.0.0/12", "fd00:96::/112"}
}
