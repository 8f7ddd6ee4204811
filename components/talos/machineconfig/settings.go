package machineconfig

import (
	"encoding/hex"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	configdoc "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"gopkg.in/yaml.v3"
)

// settings are what a configuration makes a machine do, by name, however it is
// written: they are read through the accessors by which Talos itself reads the main
// document and the documents of newer contracts alike.
type settings map[string]any

// settingsOf reads the effective settings. What no accessor covers is compared as it
// is written (see remainder), so that nothing can differ without being told.
func settingsOf(cfg config.Provider) (settings, error) {
	s := settings{}
	s.host(cfg)
	files, err := cfg.Machine().Files()
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if file.Path() != containerdPath { // that one is among containerd's settings
			s["file "+file.Path()] = []string{file.Op(), file.Content()}
		}
	}
	s.kubernetes(cfg)
	if cfg.Machine().Type().IsControlPlane() {
		s.controlPlane(cfg)
	}
	if err := s.installation(cfg); err != nil {
		return nil, err
	}
	return s, s.remainder(cfg)
}

func (s settings) host(cfg config.Provider) {
	s["host name"] = cfg.NetworkHostnameConfig().Hostname()
	s["name servers"] = cfg.NetworkResolverConfig().Resolvers()
	if dns := cfg.NetworkHostDNSConfig(); dns != nil {
		s["host DNS"] = []bool{dns.HostDNSEnabled(), dns.ForwardKubeDNSToHost(), dns.ResolveMemberNames()}
	}
	if time := cfg.NetworkTimeSyncConfig(); time != nil && len(time.Servers()) > 0 {
		s["time servers"] = time.Servers()
	}
	hosts := map[string][]string{}
	for _, host := range cfg.NetworkStaticHostConfig() {
		hosts[host.IP()] = host.Aliases()
	}
	s["host entries"] = hosts
	s["sysctls"] = cfg.SysctlConfig()
	s["sysfs"] = cfg.SysfsConfig()
	modules := map[string][]string{}
	for _, module := range cfg.KernelModuleConfigs() {
		modules[module.Name()] = module.Parameters()
	}
	s["kernel modules"] = modules
	var parts []string
	for _, part := range cfg.CRICustomizationConfigs() {
		parts = append(parts, part.Content())
	}
	s["containerd settings"] = parts
	s["registry mirrors"], s["registry access"] = mirrorsOf(cfg), registryAccessOf(cfg)
	if span := cfg.NetworkKubeSpanConfig(); span != nil && span.Enabled() {
		s["KubeSpan"] = kubeSpanOf(span)
	}
	var services []string
	for _, service := range cfg.DiscoveryServiceConfigs() {
		services = append(services, service.Endpoint().String())
	}
	s["discovery services"] = services
	if identity := cfg.DiscoveryIdentityConfig(); identity != nil && len(services) > 0 {
		s["discovery identity"] = secret(identity.ClusterID() + identity.ClusterSecret())
	}
	ephemeral, _ := cfg.Volumes().ByName(constants.EphemeralPartitionLabel)
	s["/var mounted nosuid, nodev"] = ephemeral.Mount().Secure()
	s["periodic trim"] = cfg.FilesystemTrimConfig() != nil
	s["workload isolation"] = cfg.SecurityProfileConfig() != nil && cfg.SecurityProfileConfig().WorkloadIsolation()
}

func (s settings) kubernetes(cfg config.Provider) {
	kubelet, node := cfg.K8sKubeletConfig(), cfg.K8sNodeConfig()
	s["kubelet"] = map[string]any{
		"image": kubelet.Image(), "cluster DNS": kubelet.ClusterDNS(), "flags": kubelet.ExtraArgs(),
		"settings": kubelet.ExtraConfig(), "seccomp": kubelet.DefaultRuntimeSeccompProfileEnabled(),
		"no manifests": kubelet.DisableManifestsDirectory(),
	}
	var mounts []string
	for _, mount := range kubelet.ExtraMounts() {
		mounts = append(mounts, mount.Source+" at "+mount.Destination)
	}
	s["kubelet mounts"] = mounts
	s["node addresses"] = node.NodeIP().ValidSubnets()
	s["node labels"], s["node annotations"], s["node taints"] = node.Labels(), node.Annotations(), node.Taints()
	s["node registration"] = []bool{node.SkipNodeRegistration(), node.RegisterWithFQDN()}
	s["cluster"] = []string{cfg.K8sClusterConfig().ClusterName(), cfg.K8sClusterConfig().ClusterEndpoint().String()}
	network := cfg.K8sNetworkConfig()
	s["pod networks"], s["service networks"], s["DNS domain"] = texts(network.PodCIDRs()), texts(network.ServiceCIDRs()), network.DNSDomain()
	s["flannel"] = cfg.K8sFlannelCNIConfig() != nil
	if prism := cfg.K8sKubePrismConfig(); prism != nil {
		s["KubePrism port"] = prism.Port()
	}
	var authorities []string
	for _, authority := range cfg.K8sAPIServerCAConfig().AcceptedCAs() {
		authorities = append(authorities, secret(string(authority.Crt)))
	}
	s["Kubernetes authorities"] = authorities
}

func (s settings) controlPlane(cfg config.Provider) {
	api := cfg.K8sAPIServerConfig()
	s["kube-apiserver"] = map[string]any{"image": api.Image(), "flags": without(api.ExtraArgs(), "oidc-", issuerFlag, audienceFlag), "port": api.APIPort(), "env": api.Env()}
	s["kube-apiserver startup probe"] = api.StartupProbesEnabled()
	s["login"] = loginOf(cfg)
	s["anonymous health checks"] = cfg.K8sAuthenticationConfig() != nil
	s["kube-apiserver names"] = withEndpoint(api.CertSANs(), cfg.K8sClusterConfig().ClusterEndpoint().Hostname())
	plugins := map[string]any{}
	for _, plugin := range cfg.K8sAdmissionControlPluginConfigs() {
		plugins[plugin.Name()] = plugin.Configuration()
	}
	s["admission"] = plugins
	s["audit policy"] = cfg.K8sAuditPolicyConfig().Configuration()
	s["authorizers"] = authorizersOf(cfg)
	keys, fallback := encryptionOf(cfg)
	s["encryption of Secrets"] = keys
	s["reading of Secrets that were stored in clear"] = fallback

	manager, scheduler := cfg.K8sControllerManagerConfig(), cfg.K8sSchedulerConfig()
	s["kube-controller-manager"] = []any{manager.Enabled(), manager.Image(), without(manager.ExtraArgs(), "node-cidr-mask-size")}
	s["pod block sizes"] = blockSizes(cfg)
	s["kube-scheduler"] = []any{scheduler.Enabled(), scheduler.Image(), scheduler.ExtraArgs(), scheduler.Config()}
	proxy := cfg.K8sProxyConfig()
	s["kube-proxy"] = proxy != nil && proxy.Enabled()
	s["CoreDNS"] = cfg.K8sCoreDNSConfig().Enabled()
	if access := cfg.K8sTalosAPIAccessConfig(); access != nil {
		s["Talos API access"] = []any{access.AllowedRoles(), access.AllowedKubernetesNamespaces()}
	}
	s["issuing authorities"] = []string{
		pairSecret(cfg.K8sAPIServerCAConfig().IssuingCA()), pairSecret(cfg.K8sAggregatorCAConfig().IssuingCA()),
		secret(string(cfg.K8sServiceAccountConfig().IssuingKey().Key)),
	}
	s["service account issuer"] = issuerOf(cfg)
}

func (s settings) installation(cfg config.Provider) error {
	if install := cfg.UnattendedInstallConfig(); install != nil {
		s["installer"], s["install disk"], s["install wipe"] = install.InstallerImage(), selector(install.VolumeSelector().String()), install.VolumeWipe()
		s["kernel arguments of the image"] = true
		return nil
	}
	install := cfg.Machine().Install()
	match, err := install.DiskMatchExpression()
	if err != nil {
		return err
	}
	s["installer"], s["install disk"], s["install wipe"] = install.Image(), pathSelector(install.Disk()), install.Zero()
	s["kernel arguments of the image"] = install.GrubUseUKICmdline()
	if match != nil {
		s["install disk"] = selector(match.String())
	}
	return nil
}

// selector is an expression without the line breaks that its place gave it.
func selector(expression string) string { return strings.Join(strings.Fields(expression), " ") }

// pathSelector is what Talos makes of a disk that is named by its path.
func pathSelector(path string) string {
	if strings.HasPrefix(path, "/dev/disk/") {
		return strconv.Quote(path) + " in disk.symlinks"
	}
	return "disk.dev_path == " + strconv.Quote(path)
}

// secret tells one secret from another without showing it.
func secret(value string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(value)) // never fails
	return "secret " + hex.EncodeToString(sum.Sum(nil))[:8]
}

func pairSecret(pair *x509.PEMEncodedCertificateAndKey) string {
	if pair == nil {
		return ""
	}
	return secret(string(pair.Crt) + string(pair.Key))
}

// covered are the places whose content the accessors read: keys of the main
// document, and kinds of documents.
var (
	coveredKeys = []string{
		"version", "machine.kubelet", "machine.nodeLabels", "machine.nodeAnnotations", "machine.nodeTaints", "machine.install",
		"machine.time", "machine.sysctls", "machine.sysfs", "machine.kernel", "machine.files", "machine.registries",
		"machine.network.hostname", "machine.network.nameservers", "machine.network.extraHostEntries", "machine.network.kubespan",
		"machine.features.hostDNS", "machine.features.kubePrism", "machine.features.kubernetesTalosAPIAccess", "machine.features.stableHostname",
		"machine.features.rbac", "machine.features.apidCheckExtKeyUsage",
		"cluster.id", "cluster.secret", "cluster.clusterName", "cluster.controlPlane", "cluster.network", "cluster.ca", "cluster.acceptedCAs",
		"cluster.aggregatorCA", "cluster.serviceAccount", "cluster.secretboxEncryptionSecret", "cluster.aescbcEncryptionSecret",
		"cluster.apiServer", "cluster.controllerManager", "cluster.scheduler", "cluster.proxy", "cluster.coreDNS", "cluster.discovery",
		"cluster.allowSchedulingOnControlPlanes",
	}
	coveredKinds = []string{
		"HostnameConfig", "ResolverConfig", "TimeSyncConfig", "StaticHostConfig", "SysctlConfig", "SysfsConfig", "KernelModuleConfig",
		"CRICustomizationConfig", "RegistryMirrorConfig", "RegistryAuthConfig", "RegistryTLSConfig", "KubeSpanConfig",
		"DiscoveryServiceConfig", "DiscoveryIdentityConfig", "FilesystemTrimConfig",
		"SecurityProfileConfig", "UnattendedInstallConfig", "Kube",
	}
)

// remainder takes over what is in no covered place, as it is written.
func (s settings) remainder(cfg config.Provider) error {
	for _, document := range cfg.Documents() {
		name := document.Kind()
		if named, ok := document.(configdoc.NamedDocument); ok {
			name += " " + named.Name()
		}
		tree, err := treeOf(document)
		if err != nil {
			return err
		}
		switch {
		case document.Kind() == "v1alpha1" || document == configdoc.Document(cfg.RawV1Alpha1()):
			name = "main document"
			for _, key := range coveredKeys {
				cut(tree, strings.Split(key, "."))
			}
		case coversKind(document.Kind()):
			continue
		case name == "VolumeConfig "+constants.EphemeralPartitionLabel:
			cut(tree, []string{"mount", "secure"})
			if len(tree) == 3 { // apiVersion, kind and name: nothing else is said of /var
				continue
			}
		}
		if len(tree) > 0 {
			text, err := yaml.Marshal(tree)
			if err != nil {
				return err
			}
			s[name] = string(text)
		}
	}
	return nil
}

func coversKind(kind string) bool {
	for _, covered := range coveredKinds {
		if kind == covered || (covered == "Kube" && strings.HasPrefix(kind, covered)) {
			return true
		}
	}
	return false
}
