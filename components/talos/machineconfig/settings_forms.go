package machineconfig

import (
	"maps"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	configdoc "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"gopkg.in/yaml.v3"
)

// without leaves out the flags that begin so.
func without(flags map[string][]string, prefixes ...string) map[string][]string {
	kept := maps.Clone(flags)
	maps.DeleteFunc(kept, func(name string, _ []string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
	return kept
}

const (
	issuerFlag   = "service-account-issuer"
	audienceFlag = "api-audiences"
)

// issuerOf is who issues the tokens of pods, and for whom: flags win over what Talos makes of the endpoint.
func issuerOf(cfg config.Provider) []any {
	flags := cfg.K8sAPIServerConfig().ExtraArgs()
	issuer, audiences := cfg.K8sServiceAccountConfig().IssuerURL(), cfg.K8sServiceAccountConfig().APIAudiences()
	if set := flags[issuerFlag]; len(set) > 0 {
		issuer = set[0]
	}
	if set := flags[audienceFlag]; len(set) > 0 {
		audiences = set
	}
	return []any{issuer, audiences}
}

// mirrorsOf are the mirrors of each registry, with how they are asked.
func mirrorsOf(cfg config.Provider) map[string]any {
	mirrors := map[string]any{}
	for host, mirror := range cfg.RegistryMirrorConfigs() {
		var endpoints []string
		for _, endpoint := range mirror.Endpoints() {
			text := endpoint.Endpoint()
			if endpoint.OverridePath() {
				text += ", path as it is"
			}
			endpoints = append(endpoints, text)
		}
		mirrors[host] = []any{endpoints, map[string]bool{"skips fallback": mirror.SkipFallback()}}
	}
	return mirrors
}

// registryAccessOf is how each registry is logged in to, and how it is trusted.
func registryAccessOf(cfg config.Provider) map[string]any {
	access := map[string]any{}
	for host, auth := range cfg.RegistryAuthConfigs() {
		access[host+" login"] = []string{auth.Username(), secret(auth.Password()), secret(auth.Auth()), secret(auth.IdentityToken())}
	}
	for host, trust := range cfg.RegistryTLSConfigs() {
		access[host+" TLS"] = []any{pairSecret(trust.ClientIdentity()), secret(string(trust.CA())), trust.InsecureSkipVerify()}
	}
	return access
}

func kubeSpanOf(span configdoc.NetworkKubeSpanConfig) map[string]any {
	settings := map[string]any{
		"advertises Kubernetes networks": span.AdvertiseKubernetesNetworks(), "only over KubeSpan": span.ForceRouting(),
		"harvests endpoints": span.HarvestExtraEndpoints(), "MTU": span.MTU(),
	}
	if filters := span.Filters(); filters != nil {
		settings["endpoints"], settings["networks not advertised"] = filters.Endpoints(), texts(filters.ExcludeAdvertisedNetworks())
	}
	return settings
}

// loginOf is whose tokens the API server takes: by flags, or by its configuration.
func loginOf(cfg config.Provider) map[string]string {
	login := map[string]string{}
	for name, values := range cfg.K8sAPIServerConfig().ExtraArgs() {
		if strings.HasPrefix(name, "oidc-") {
			login[name] = strings.Join(values, ",")
		}
	}
	document := cfg.K8sAuthenticationConfig()
	if document == nil {
		return login
	}
	issuers, _ := document.Configuration()["jwt"].([]any)
	for _, each := range issuers {
		for flag, path := range map[string][]string{
			"oidc-issuer-url":      {"issuer", "url"},
			"oidc-client-id":       {"issuer", "audiences"},
			"oidc-username-claim":  {"claimMappings", "username", "claim"},
			"oidc-username-prefix": {"claimMappings", "username", "prefix"},
			"oidc-groups-claim":    {"claimMappings", "groups", "claim"},
			"oidc-groups-prefix":   {"claimMappings", "groups", "prefix"},
		} {
			login[flag] = textAt(each, path)
		}
	}
	return login
}

// textAt is the text at a path of a tree, or the texts of a list there.
func textAt(tree any, path []string) string {
	for _, key := range path {
		branch, _ := tree.(map[string]any)
		tree = branch[key]
	}
	switch value := tree.(type) {
	case string:
		return value
	case []any:
		var texts []string
		for _, item := range value {
			texts = append(texts, textAt(item, nil))
		}
		return strings.Join(texts, ",")
	default:
		return ""
	}
}

// authorizersOf are who decides, in their order. Talos puts Node and RBAC first in
// front of those that the main document names.
func authorizersOf(cfg config.Provider) []string {
	var kinds []string
	if cfg.K8sAPIServerConfig().InjectDefaultAuthorizers() {
		kinds = append(kinds, "Node", "RBAC")
	}
	for _, authorizer := range cfg.K8sAuthorizerConfigs() {
		if !slices.Contains(kinds, authorizer.Type()) {
			kinds = append(kinds, authorizer.Type())
		}
	}
	return kinds
}

// withEndpoint are the API server's further names, with the endpoint's, which Talos
// adds by itself where a contract does not write it down.
func withEndpoint(names []string, endpoint string) []string {
	all := append([]string{endpoint}, names...)
	slices.Sort(all)
	return slices.Compact(all)
}

// encryptionOf are the keys by which Secrets are kept in etcd, the one for writing
// first, and whether Secrets that were stored without any can still be read: Talos
// adds that to the settings of the main document alone.
func encryptionOf(cfg config.Provider) (keys []string, readsClear bool) {
	document := cfg.K8sEtcdEncryptionConfig()
	if document == nil {
		if key := cfg.Cluster().SecretboxEncryptionSecret(); key != "" {
			keys = append(keys, "secretbox key2 "+secret(key))
		}
		if key := cfg.Cluster().AESCBCEncryptionSecret(); key != "" {
			keys = append(keys, "aescbc key1 "+secret(key))
		}
		return keys, true
	}
	resources, _ := document.EtcdEncryptionConfig()["resources"].([]any)
	for _, resource := range resources {
		entry, _ := resource.(map[string]any)
		providers, _ := entry["providers"].([]any)
		for _, provider := range providers {
			by, _ := provider.(map[string]any)
			for _, kind := range slices.Sorted(maps.Keys(by)) {
				if kind == "identity" {
					readsClear = true
					continue
				}
				settings, _ := by[kind].(map[string]any)
				list, _ := settings["keys"].([]any)
				for _, key := range list {
					keys = append(keys, kind+" "+textAt(key, []string{"name"})+" "+secret(textAt(key, []string{"secret"})))
				}
			}
		}
	}
	return keys, readsClear
}

// blockSizes are how large each node's block of pod addresses is, by family: by the
// controller manager's flags, or by the network's own settings.
func blockSizes(cfg config.Provider) map[string]string {
	network, flags := cfg.K8sNetworkConfig(), cfg.K8sControllerManagerConfig().ExtraArgs()
	sizes := map[string]string{}
	for _, pods := range network.PodCIDRs() {
		family, size := "ipv4", network.NodeCIDRMaskSizeIPv4()
		if pods.Addr().Is6() {
			family, size = "ipv6", network.NodeCIDRMaskSizeIPv6()
		}
		sizes[family] = yamlText(size)
		for _, flag := range []string{"node-cidr-mask-size", "node-cidr-mask-size-" + family} {
			if values := flags[flag]; len(values) > 0 {
				sizes[family] = values[len(values)-1]
			}
		}
	}
	return sizes
}

// treeOf is a document as it is written.
func treeOf(document configdoc.Document) (map[string]any, error) {
	single, err := container.New(document)
	if err != nil {
		return nil, err
	}
	raw, err := single.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
	if err != nil {
		return nil, err
	}
	tree := map[string]any{}
	return tree, yaml.Unmarshal(raw, &tree)
}

// cut removes a key, and what is empty without it.
func cut(tree map[string]any, path []string) {
	if len(path) == 1 {
		delete(tree, path[0])
		return
	}
	branch, ok := tree[path[0]].(map[string]any)
	if !ok {
		return
	}
	if cut(branch, path[1:]); len(branch) == 0 {
		delete(tree, path[0])
	}
}

// yamlText is a value in one line.
func yamlText(value any) string {
	raw, err := yaml.Marshal(value)
	if err != nil {
		return err.Error() // shown beside the other contract's value
	}
	return strings.TrimSpace(string(raw))
}
