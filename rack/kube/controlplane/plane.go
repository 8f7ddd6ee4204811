// Package controlplane turns a machine config into what runs a Kubernetes control plane: the flags, configuration files
// and certificates of kube-apiserver, kube-controller-manager and kube-scheduler, as Talos renders them into static
// pods.
package controlplane

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"

	"github.com/siderolabs/talos/pkg/machinery/config"
)

// The names of the components, as of their programs and static pods.
const (
	APIServerName         = "kube-apiserver"
	ControllerManagerName = "kube-controller-manager"
	SchedulerName         = "kube-scheduler"
)

// Plane is the control plane of one node.
type Plane struct {
	// Config is the node's machine config.
	Config config.Provider
	// Node is the Kubernetes name of the node, Hostname what the machine is called.
	Node, Hostname string
	// Address is what the components listen on. Real ones listen on every address, or on loopback; here several
	// machines share one network namespace, so each keeps to its own.
	Address netip.Addr
	// Addresses are all of the node's, for its certificates.
	Addresses []netip.Addr
	// Dir is the node's EPHEMERAL partition.
	Dir string
	// EtcdURL is the client URL of the node's etcd member.
	EtcdURL string
}

// Component is one program of the control plane, ready to start.
type Component struct {
	// Name is the program's.
	Name string
	// Args are its flags, sorted.
	Args []string
	// Files are its configuration, by name under Dir, without secrets.
	Files map[string][]byte
	// Dir is where Files belong.
	Dir string
	// HealthURL answers 200 once it works.
	HealthURL string
	// Image is what a real node would run, for the mirror pod.
	Image string
}

// Write puts the component's files where its flags say.
func (c Component) Write() error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	for name, content := range c.Files {
		if err := os.WriteFile(filepath.Join(c.Dir, name), content, 0o600); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// Components are the programs that the config asks for, the API server first.
func (p Plane) Components() ([]Component, error) {
	server, err := p.apiServer()
	if err != nil {
		return nil, err
	}
	components := []Component{server}
	if p.Config.K8sControllerManagerConfig().Enabled() {
		manager, err := p.controllerManager()
		if err != nil {
			return nil, err
		}
		components = append(components, manager)
	}
	if p.Config.K8sSchedulerConfig().Enabled() {
		scheduler, err := p.scheduler()
		if err != nil {
			return nil, err
		}
		components = append(components, scheduler)
	}
	return components, nil
}

// Port is where the API server listens.
func (p Plane) Port() int { return p.Config.K8sAPIServerConfig().APIPort() }

// Host is the API server's address and port.
func (p Plane) Host() string { return net.JoinHostPort(p.Address.String(), strconv.Itoa(p.Port())) }

// URL is the node's own API server, which its controller manager and scheduler use.
func (p Plane) URL() string { return "https://" + p.Host() }

func (p Plane) dir(component string) string {
	return filepath.Join(p.Dir, "etc", "kubernetes", component)
}

func (p Plane) secretsDir() string { return p.dir("secrets") }

func (p Plane) secret(name string) string { return filepath.Join(p.secretsDir(), name) }

// Equal says that two components would run alike, their secrets aside.
func (c Component) Equal(other Component) bool { return reflect.DeepEqual(c, other) }

// SameSecrets says that both planes have the same keys, authorities and names in their certificates.
func (p Plane) SameSecrets(other Plane) bool {
	names, addresses, err := p.SANs()
	otherNames, otherAddresses, otherErr := other.SANs()
	if err != nil || otherErr != nil {
		return false
	}
	encryption, errA := p.encryptionConfig()
	otherEncryption, errB := other.encryptionConfig()
	if errA != nil || errB != nil {
		return false
	}
	a, b := p.Config, other.Config
	return slices.Equal(names, otherNames) && slices.Equal(addresses, otherAddresses) && slices.Equal(encryption, otherEncryption) &&
		reflect.DeepEqual(a.K8sAPIServerCAConfig().IssuingCA(), b.K8sAPIServerCAConfig().IssuingCA()) &&
		reflect.DeepEqual(a.K8sAPIServerCAConfig().AcceptedCAs(), b.K8sAPIServerCAConfig().AcceptedCAs()) &&
		reflect.DeepEqual(a.K8sAggregatorCAConfig().IssuingCA(), b.K8sAggregatorCAConfig().IssuingCA()) &&
		reflect.DeepEqual(a.K8sServiceAccountConfig().IssuingKey(), b.K8sServiceAccountConfig().IssuingKey()) &&
		reflect.DeepEqual(a.Cluster().Etcd().CA(), b.Cluster().Etcd().CA())
}
