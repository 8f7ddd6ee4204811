package settings

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// ConfigMap and Secret are the names, in flux-system, under which the tree's
// settings and its secret settings are kept.
const (
	ConfigMap = "cluster-settings"
	Secret    = "cluster-secrets"
)

// The settings of every stack. Lists are joined by commas, for annotations and for
// YAML's [${NAME}]; the primary family comes first.
const (
	// StackName is the name of the stack: that of its file, and of the cluster's directory in the tree.
	StackName = "STACK_NAME"
	// ClusterName is Kubernetes' and Talos's name of the cluster.
	ClusterName = "CLUSTER_NAME"
	// ClusterDomain is the DNS domain of the cluster's host names: example.com.
	ClusterDomain = "CLUSTER_DOMAIN"
	// ClusterDNSDomain is the domain of services inside the cluster: cluster.local.
	ClusterDNSDomain = "CLUSTER_DNS_DOMAIN"
	// ClusterEndpoint is the URL of the Kubernetes API.
	ClusterEndpoint = "CLUSTER_ENDPOINT"
	// ControlPlaneAddresses are the main addresses of the control planes, a list: where
	// the metrics of etcd, the scheduler and the controller manager are.
	ControlPlaneAddresses = "CONTROL_PLANE_ADDRESSES"
	// NodeCIDRs are the networks of the nodes, a list.
	NodeCIDRs = "NODE_CIDRS"
	// PodCIDRs are the networks of the pods, a list.
	PodCIDRs = "POD_CIDRS"
	// ServiceCIDRs are the networks of the services, a list.
	ServiceCIDRs = "SERVICE_CIDRS"
	// TalosVersion is the release that the nodes run: v1.11.1.
	TalosVersion = "TALOS_VERSION"
)

// Settings that not every stack has.
const (
	// APIVIP is the virtual address of the Kubernetes API, of stacks that have one.
	APIVIP = "API_VIP"
	// InternalGatewayAddresses are those of the gateway for the home network, a list.
	InternalGatewayAddresses = "INTERNAL_GATEWAY_ADDRESSES"
	// ExternalGatewayAddresses are those of the gateway that the public may use, a list.
	ExternalGatewayAddresses = "EXTERNAL_GATEWAY_ADDRESSES"
	// DNSAddresses are those of the split-DNS server, a list.
	DNSAddresses = "DNS_ADDRESSES"
	// OnePasswordVault is the vault that External Secrets reads.
	OnePasswordVault = "ONEPASSWORD_VAULT"
)

// For is the settings of a stack, by their names. The stack is a validated one.
func For(stack *spec.Stack) map[string]string {
	set := map[string]string{
		StackName:             stack.Name,
		ClusterName:           stack.Cluster.Name,
		ClusterDomain:         stack.Cluster.Domain,
		ClusterDNSDomain:      stack.Cluster.DNSDomain,
		ClusterEndpoint:       stack.ClusterEndpoint(),
		ControlPlaneAddresses: list(controlPlaneAddresses(stack)),
		NodeCIDRs:             list(stack.Network.NodeCIDRs),
		PodCIDRs:              list(stack.Network.PodCIDRs),
		ServiceCIDRs:          list(stack.Network.ServiceCIDRs),
		TalosVersion:          string(stack.Cluster.TalosVersion),
		RunbooksURL:           runbooks(stack.Flux),
	}
	if stack.Network.VIP.IsValid() {
		set[APIVIP] = stack.Network.VIP.String()
	}
	for name, addresses := range map[string][]netip.Addr{
		InternalGatewayAddresses: stack.Edge.Gateways.Internal,
		ExternalGatewayAddresses: stack.Edge.Gateways.External,
		DNSAddresses:             stack.Edge.Gateways.DNS,
	} {
		if len(addresses) > 0 {
			set[name] = list(addresses)
		}
	}
	if store := stack.Secrets.OnePassword; store != nil {
		set[OnePasswordVault] = store.Vault
	}
	addStorage(set, stack)
	return set
}

func controlPlaneAddresses(stack *spec.Stack) []netip.Addr {
	var addresses []netip.Addr
	for _, node := range stack.ControlPlanes() {
		if node.Address.IsValid() {
			addresses = append(addresses, node.Address)
		}
	}
	return addresses
}

func list[T fmt.Stringer](values []T) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = value.String()
	}
	return strings.Join(words, ",")
}
