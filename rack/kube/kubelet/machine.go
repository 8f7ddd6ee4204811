// Package kubelet is a simulated kubelet: it registers its node with the real API server and an identity of its own,
// tells it that it lives, makes pods' sandboxes and mirrors the static pods. Containers are KWOK's part.
package kubelet

import (
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/siderolabs/net"
	"github.com/siderolabs/talos/pkg/machinery/config"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Machine is what the kubelet runs on.
type Machine struct {
	// Hostname is the machine's; the node's name follows from it.
	Hostname string
	// Addresses are its own, without the virtual ones.
	Addresses []netip.Addr
	// Dir is its EPHEMERAL partition.
	Dir string
	// Config is its machine config.
	Config config.Provider
	// TalosVersion has its leading v; Arch is Go's name.
	TalosVersion, Arch string
	// BootID changes with each boot.
	BootID string
	// Extensions are the system extensions of the installed image, name to version.
	Extensions map[string]string
	// Capacity is what the machine has.
	Capacity corev1.ResourceList
}

// DefaultCapacity is that of a small computer at home.
func DefaultCapacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("4"),
		corev1.ResourceMemory:           resource.MustParse("16Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("200Gi"),
		corev1.ResourcePods:             resource.MustParse("110"),
	}
}

// NodeName is the Kubernetes name that Talos makes of a hostname.
func (m Machine) NodeName() string {
	if names := m.Config.K8sKubeletConfig().ExtraArgs()["hostname-override"]; len(names) > 0 {
		return names[0]
	}
	host := m.Hostname
	if !m.Config.K8sNodeConfig().RegisterWithFQDN() {
		host, _, _ = strings.Cut(host, ".")
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r == '_':
			return '-'
		}
		return -1
	}, host)
	return strings.Trim(name, "-.")
}

// NodeIPs are the addresses that the node goes by: the first of each family inside kubelet.nodeIP.validSubnets, or of
// the families that the pods have.
func (m Machine) NodeIPs() []netip.Addr {
	subnets := m.Config.K8sNodeConfig().NodeIP().ValidSubnets()
	if len(subnets) == 0 {
		for _, prefix := range m.Config.K8sNetworkConfig().PodCIDRs() {
			if prefix.Addr().Is4() {
				subnets = append(subnets, "0.0.0.0/0")
			} else {
				subnets = append(subnets, "::/0")
			}
		}
	}
	matching, err := net.FilterIPs(m.Addresses, subnets)
	if err != nil {
		return nil // the config was validated; a kubelet without an address says so itself
	}
	var ips []netip.Addr
	var has4, has6 bool
	for _, ip := range matching {
		if has := map[bool]*bool{true: &has4, false: &has6}[ip.Is4()]; !*has {
			*has = true
			ips = append(ips, ip)
		}
	}
	return ips
}

// pkiDir is /var/lib/kubelet/pki.
func (m Machine) pkiDir() string { return filepath.Join(m.Dir, "lib", "kubelet", "pki") }

// cniDir is /etc/cni/net.d, which Talos keeps on EPHEMERAL.
func (m Machine) cniDir() string {
	return filepath.Join(m.Dir, "system", "overlays", "etc-cni", "net.d")
}

// ImageTag is the tag of an image reference, which may be pinned by a digest, too; empty when there is none.
func ImageTag(reference string) string {
	reference, _, _ = strings.Cut(reference, "@")
	if i := strings.LastIndex(reference, ":"); i > strings.LastIndex(reference, "/") {
		return reference[i+1:]
	}
	return ""
}
