package machineconfig

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/siderolabs/go-pointer"
	configdoc "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/k8s"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// kubernetes writes the documents of Kubernetes: the node's, and the control
// plane's where the node is one.
func (c *configuration) kubernetes() error {
	// Cilium is the network; without a document of its own Talos installs none.
	c.documents = slices.DeleteFunc(c.documents, func(document configdoc.Document) bool {
		return document.Kind() == k8s.KubeFlannelCNIConfig
	})
	errs := []error{
		edit(c, c.kubelet),
		edit(c, c.nodeObject),
		edit(c, c.podNetwork),
	}
	if !c.node.IsControlPlane() {
		return errors.Join(errs...)
	}
	configureEtcd(c.main.ClusterConfig.EtcdConfig, c.stack, c.node)
	access := k8s.NewKubeTalosAPIAccessConfigV1Alpha1()
	access.AccessAllowedRoles = talosAPIAccess().AccessAllowedRoles
	access.AccessAllowedKubernetesNamespaces = talosAPIAccess().AccessAllowedKubernetesNamespaces
	c.add(access)

	wanted := c.stack.Cluster
	return errors.Join(append(errs,
		edit(c, func(api *k8s.KubeAPIServerConfigV1Alpha1) error {
			api.PodArgs = flags(wanted.APIServer.ExtraArgs)
			return nil
		}),
		edit(c, func(account *k8s.KubeServiceAccountConfigV1Alpha1) error {
			if wanted.ServiceAccountIssuer == "" {
				return nil
			}
			issuer, err := url.Parse(wanted.ServiceAccountIssuer)
			account.ServiceIssuer.IssuerURL = meta.URL{URL: issuer}
			return err
		}),
		edit(c, func(manager *k8s.KubeControllerManagerConfigV1Alpha1) error {
			manager.PodArgs = flags(listenEverywhere(c.node), wanted.ControllerManagerArgs)
			return nil
		}),
		edit(c, func(scheduler *k8s.KubeSchedulerConfigV1Alpha1) error {
			scheduler.PodArgs = flags(listenEverywhere(c.node), wanted.SchedulerArgs)
			return nil
		}),
		edit(c, func(proxy *k8s.KubeProxyConfigV1Alpha1) error { // Cilium replaces it.
			*proxy = *k8s.NewKubeProxyConfigV1Alpha1()
			proxy.ProxyEnabled = pointer.To(false)
			return nil
		}),
		edit(c, func(audit *k8s.KubeAuditPolicyConfigV1Alpha1) error {
			if !wanted.APIServer.Audit {
				audit.AuditConfig = noAudit()
			}
			return nil
		}),
		edit(c, func(plugin *k8s.KubeAdmissionControlConfigV1Alpha1) error {
			plugin.PluginConfig = podSecurity(wanted.APIServer)
			return nil
		}),
		edit(c, func(login *k8s.KubeAuthenticationConfigV1Alpha1) error {
			if wanted.APIServer.OIDC != nil {
				login.AuthConfig.Object["jwt"] = []any{tokenIssuer(*wanted.APIServer.OIDC)}
			}
			return nil
		}),
	)...)
}

func (c *configuration) kubelet(kubelet *k8s.KubeletConfigV1Alpha1) error {
	if len(c.node.KubeletMounts) > 0 {
		return fmt.Errorf("kubeletMounts: the kubelet of contract %s has no mounts of its own; "+
			"make %s a user volume, which it sees by itself", c.contract, c.node.KubeletMounts[0].Source)
	}
	kubelet.KubeletArgs = flags(c.node.KubeletArgs)
	if settings := kubeletSettings(c.node); len(settings) > 0 {
		kubelet.KubeletConfig = meta.Unstructured{Object: settings}
	}
	return nil
}

func (c *configuration) nodeObject(node *k8s.KubeNodeConfigV1Alpha1) error {
	node.NodeIPConfig.NodeIPValidSubnets = hostPrefixes(kubeletAddresses(c.stack, c.node))
	if hasDomain(c.node) { // see registerName
		node.RegisterWithFQDNConfig = pointer.To(true)
	}
	if node.LabelsConfig == nil {
		node.LabelsConfig = map[string]string{}
	}
	if c.node.IsControlPlane() {
		if c.stack.Cluster.AllowSchedulingOnControlPlanes { // see configureNodeObject
			delete(node.LabelsConfig, constants.LabelExcludeFromExternalLB)
		}
		node.TaintsConfig = addTaints(node.TaintsConfig, c.node.Taints)
	}
	maps.Copy(node.LabelsConfig, c.node.Labels)
	node.AnnotationsConfig = c.node.NodeAnnotations()
	return nil
}

func (c *configuration) podNetwork(network *k8s.KubeNetworkConfigV1Alpha1) error {
	network.NetworkNodeCIDRMaskSizeIPv4 = c.stack.Network.NodeCIDRMaskSize4
	network.NetworkNodeCIDRMaskSizeIPv6 = c.stack.Network.NodeCIDRMaskSize6
	return nil
}

// tokenIssuer says in the API server's own configuration what the --oidc-* flags say
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration).
func tokenIssuer(oidc spec.OIDC) map[string]any {
	return map[string]any{
		"issuer": map[string]any{"url": oidc.IssuerURL, "audiences": []any{oidc.ClientID}},
		"claimMappings": map[string]any{
			"username": map[string]any{"claim": oidc.UsernameClaim, "prefix": oidc.UsernamePrefix},
			"groups":   map[string]any{"claim": oidc.GroupsClaim, "prefix": oidc.GroupsPrefix},
		},
	}
}
