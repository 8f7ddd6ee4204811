package machineconfig

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"

	"github.com/home-ops/home-ops/spec"
)

// metal is how Talos runs on the stack's machines: installed on a disk.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

// checkConfig is everything known to be wrong with a node's finished config, the
// node's own patches included: what Talos would say, warnings too, and what its
// validation does not look at but a cluster dies of.
func checkConfig(cfg config.Provider, stack *spec.Stack, node spec.Node, secrets Secrets) error {
	// Local: else the library would hold the Kubernetes version against its own Talos
	// release, instead of the stack's, which checkVersions does.
	warnings, err := cfg.ValidateAsClient(metal{}, validation.WithLocal())
	errs := secrets.overlook(flatten(err))
	for _, warning := range warnings {
		// What a newer contract has in a document of its own is right in an older one.
		if !strings.Contains(warning, "is deprecated") {
			errs = append(errs, errors.New("warning: "+warning))
		}
	}
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}

	if cluster := cfg.K8sClusterConfig(); cluster == nil {
		check(false, "the cluster's endpoint is missing")
	} else {
		endpoint := cluster.ClusterEndpoint()
		check(endpoint.Scheme == "https" && endpoint.Port() != "",
			"cluster.controlPlane.endpoint: %s is not https with a port", endpoint)
	}

	pods, services := subnets(cfg)
	errs = append(errs,
		checkSubnets("cluster.network.podSubnets", pods),
		checkSubnets("cluster.network.serviceSubnets", services))
	check(slices.Equal(familiesOf(pods), familiesOf(services)),
		"cluster.network: pods have %s, services %s: both want the same address families in the same order",
		pods, services)

	place, image := installerImage(cfg)
	check(installerForm.MatchString(image) && strings.HasSuffix(image, ":"+string(stack.Cluster.TalosVersion)),
		"%s: %s is not an installer of Talos %s", place, image, stack.Cluster.TalosVersion)

	hostname := cfg.NetworkHostnameConfig().Hostname()
	check(hostname == node.Name, "machine.network.hostname: %q is not the node's name", hostname)

	if cfg.Machine().Type() == machine.TypeWorker {
		for _, label := range workerMaySetNot(cfg.K8sNodeConfig().Labels()) {
			check(false, "machine.nodeLabels: a worker may not set %s itself "+
				"(https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction)", label)
		}
	}
	errs = append(errs, checkContainerdFile(cfg), checkVersions(stack))
	return errors.Join(errs...)
}

// subnets are the pods' and services' networks as the config writes them: Talos's own
// accessor makes nothing of one that cannot be parsed.
func subnets(cfg config.Provider) (pods, services []string) {
	if main := cfg.RawV1Alpha1(); main.ClusterConfig != nil && main.ClusterConfig.ClusterNetwork != nil {
		return main.ClusterConfig.ClusterNetwork.PodSubnet, main.ClusterConfig.ClusterNetwork.ServiceSubnet
	}
	network := cfg.K8sNetworkConfig()
	if network == nil {
		return nil, nil
	}
	return texts(network.PodCIDRs()), texts(network.ServiceCIDRs())
}

// installerImage is the installer, and the place that names it.
func installerImage(cfg config.Provider) (place, image string) {
	if install := cfg.UnattendedInstallConfig(); install != nil {
		return "UnattendedInstallConfig: installer.image", install.InstallerImage()
	}
	return "machine.install.image", cfg.Machine().Install().Image()
}

// flatten takes a tree of Talos's errors apart into one line each.
func flatten(err error) []error {
	tree, ok := err.(interface{ WrappedErrors() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		text := errorCount.ReplaceAllString(err.Error(), " ")
		return []error{errors.New(errorBullet.ReplaceAllString(strings.TrimSpace(text), "; "))}
	}
	var leaves []error
	for _, branch := range tree.WrappedErrors() {
		leaves = append(leaves, flatten(branch)...)
	}
	return leaves
}

// What hashicorp/go-multierror puts around and between errors inside an error.
var (
	errorCount  = regexp.MustCompile(`\s+[0-9]+ errors? occurred:\s+\*\s+`)
	errorBullet = regexp.MustCompile(`\s*\n\s*(\*\s+)?`)
)

var installerForm = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+:v[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.-]*$`)

func checkSubnets(path string, subnets []string) error {
	var errs []error
	for _, subnet := range subnets {
		if prefix, err := netip.ParsePrefix(subnet); err != nil || prefix != prefix.Masked() {
			errs = append(errs, fmt.Errorf("%s: %q is not a network", path, subnet))
		}
	}
	if len(subnets) == 0 {
		errs = append(errs, fmt.Errorf("%s: is empty", path))
	}
	return errors.Join(errs...)
}

// familiesOf is 4 or 6 for each subnet.
func familiesOf(subnets []string) []int {
	var families []int
	for _, subnet := range subnets {
		if strings.Contains(subnet, ":") {
			families = append(families, 6)
		} else {
			families = append(families, 4)
		}
	}
	return families
}

// workerMaySetNot are the labels that the API server refuses from a worker's
// kubelet, sorted.
func workerMaySetNot(labels map[string]string) []string {
	var refused []string
	for label := range labels {
		domain, _, qualified := strings.Cut(label, "/")
		reserved := qualified && slices.ContainsFunc([]string{"kubernetes.io", "k8s.io"}, func(root string) bool {
			return domain == root || strings.HasSuffix(domain, "."+root)
		})
		allowed := slices.Contains(kubeletLabels, label) ||
			domain == "kubelet.kubernetes.io" || strings.HasSuffix(domain, ".kubelet.kubernetes.io") ||
			domain == "node.kubernetes.io" || strings.HasSuffix(domain, ".node.kubernetes.io")
		if reserved && !allowed {
			refused = append(refused, label)
		}
	}
	slices.Sort(refused)
	return refused
}

// kubeletLabels are the reserved ones that a kubelet may set, beside those under
// kubelet.kubernetes.io and node.kubernetes.io
// (https://github.com/kubernetes/kubernetes/blob/v1.34.1/staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go).
var kubeletLabels = []string{
	"kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch",
	"beta.kubernetes.io/os", "beta.kubernetes.io/arch", "beta.kubernetes.io/instance-type",
	"failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
	"topology.kubernetes.io/region", "topology.kubernetes.io/zone",
}

// checkVersions refuses a Kubernetes that the Talos release does not run
// (https://www.talos.dev/latest/introduction/support-matrix/).
func checkVersions(stack *spec.Stack) error {
	talosVersion, err := compatibility.ParseTalosVersion(&machineapi.VersionInfo{Tag: string(stack.Cluster.TalosVersion)})
	if err != nil {
		return fmt.Errorf("cluster.talosVersion: %w", err)
	}
	kubernetes, err := compatibility.ParseKubernetesVersion(stack.Cluster.KubernetesVersion.Bare())
	if err != nil {
		return fmt.Errorf("cluster.kubernetesVersion: %w", err)
	}
	if err := kubernetes.SupportedWith(talosVersion); err != nil {
		return fmt.Errorf("cluster.kubernetesVersion: %w", err)
	}
	return nil
}
