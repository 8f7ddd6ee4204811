package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Effect is what a change of a machine config costs the machine.
type Effect int

// The effects, from the least to the greatest.
const (
	// Live changes are made while the machine runs.
	Live Effect = iota
	// Restart changes start a part of Kubernetes anew: the kubelet, or a control plane's
	// static pods.
	Restart
	// Reboot changes are made by the next boot.
	Reboot
	// Upgrade changes are another image of Talos: it is installed, and booted.
	Upgrade
	// Reinstall changes are made only where Talos is installed anew.
	Reinstall
	// Anew is a machine that the step has installed anew.
	Anew
	// Join is a machine that is not in the cluster yet, and Leave one that goes.
	Join
	Leave
)

var effects = []string{"live", "restart", "reboot", "upgrade", "reinstall", "anew", "join", "leave"}

// String is the effect's name.
func (e Effect) String() string { return effects[e] }

// MarshalJSON is the effect's name.
func (e Effect) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// UnmarshalJSON reads an effect's name.
func (e *Effect) UnmarshalJSON(raw []byte) error {
	var name string
	if err := json.Unmarshal(raw, &name); err != nil {
		return err
	}
	i := slices.Index(effects, name)
	if i < 0 {
		return fmt.Errorf("effect %q: there is %s", name, strings.Join(effects, ", "))
	}
	*e = Effect(i)
	return nil
}

// liveFields are what Talos changes in a running machine
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_runtime.go,
// CanApplyImmediate).
var liveFields = []string{
	"cluster", "debug",
	"machine.ca", "machine.acceptedCAs", "machine.certSANs", "machine.time", "machine.install", "machine.network",
	"machine.sysfs", "machine.sysctls", "machine.logging", "machine.controlPlane", "machine.kubelet", "machine.kernel",
	"machine.registries", "machine.pods", "machine.seccompProfiles", "machine.nodeLabels", "machine.nodeAnnotations",
	"machine.nodeTaints", "machine.features.kubePrism", "machine.features.hostDNS", "machine.features.imageCache",
	"machine.features.kubernetesTalosAPIAccess", "machine.features.nodeAddressSortAlgorithm",
}

// restartFields are live, but what they configure starts anew.
var restartFields = []string{
	"machine.kubelet", "machine.controlPlane", "cluster.apiServer", "cluster.controllerManager", "cluster.scheduler",
	"cluster.etcd", "cluster.network", "cluster.clusterName", "cluster.ca", "cluster.acceptedCAs",
}

// installFields say what only an installation does.
var installFields = []string{"machine.install.disk", "machine.install.diskSelector", "machine.install.legacyBIOSSupport"}

// installDocuments are the documents that say where Talos is installed, and how the system's own volumes are made.
var installDocuments = []string{"VolumeConfig", "UnattendedInstallConfig"}

// liveKubernetesDocuments are those of contract v1.14 for which no part of Kubernetes starts anew, as for the fields of
// the main document that they took over.
var liveKubernetesDocuments = []string{"KubeNodeConfig", "KubePrismConfig", "KubeTalosAPIAccessConfig", "KubeCoreDNSConfig"}

// appliesLive is the first minor of Talos that applies every config without a reboot
// (https://docs.siderolabs.com/talos/v1.14/getting-started/what-s-new-in-talos).
const appliesLive = 14

// effectOf is what the change of a value at path costs, in a document of a kind, to a
// machine that runs the Talos of that minor.
func effectOf(minor int, kind, path string) Effect {
	switch {
	case kind == "UnattendedInstallConfig" && under(path, "installer.image"):
		return Upgrade
	case slices.Contains(installDocuments, kind) && under(path, "mount"):
		return Reboot
	case slices.Contains(installDocuments, kind):
		return Reinstall
	case strings.HasPrefix(kind, "Kube") && !slices.Contains(liveKubernetesDocuments, kind):
		return Restart
	case kind != "":
		return Live
	case under(path, "machine.install.image"):
		return Upgrade
	case slices.ContainsFunc(installFields, func(field string) bool { return under(path, field) }):
		return Reinstall
	case slices.ContainsFunc(restartFields, func(field string) bool { return under(path, field) }):
		return Restart
	case slices.ContainsFunc(liveFields, func(field string) bool { return under(path, field) }), minor >= appliesLive:
		return Live
	default:
		return Reboot
	}
}

// under reports whether a path is a field or below it.
func under(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
