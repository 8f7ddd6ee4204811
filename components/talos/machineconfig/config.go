package machineconfig

import (
	"fmt"
	"net/url"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/rotatepatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// Build is the machine configuration of one node of the stack, as
// the node's Talos reads it. The same input gives the same bytes. It fails with
// everything that Talos itself would refuse, and with what only this project
// checks (see checkConfig).
func Build(stack *spec.Stack, node spec.Node, secrets Secrets) ([]byte, error) {
	raw, err := build(stack, node, secrets)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", node.Name, err)
	}
	return raw, nil
}

func build(stack *spec.Stack, node spec.Node, secrets Secrets) ([]byte, error) {
	contract, err := contractOf(stack)
	if err != nil {
		return nil, err
	}
	generated, err := generateConfig(stack, node, contract, secrets)
	if err != nil {
		return nil, err
	}
	c := &configuration{
		stack: stack, node: node, contract: contract,
		keys: diskKeys{node: node, passphrases: secrets.Passphrases},
		main: generated.RawV1Alpha1(), documents: generated.Documents(),
	}
	if err := c.configure(); err != nil {
		return nil, err
	}
	built, err := container.New(c.documents...)
	if err != nil {
		return nil, err
	}
	patches, err := node.ResolvePatches(func(ref spec.SecretRef) (string, bool) {
		secret, ok := secrets.Passphrases[ref]
		return secret, ok
	})
	if err != nil {
		return nil, err
	}
	patched, err := applyPatches(built, patches)
	if err != nil {
		return nil, err
	}

	raw, err := encode(patched)
	if err != nil {
		return nil, err
	}
	// What is checked is what the node will parse, which refuses unknown keys.
	parsed, err := configloader.NewFromBytes(raw)
	if err != nil {
		return nil, err
	}
	return raw, checkConfig(parsed, stack, node, secrets)
}

// encode is the config as YAML, without the explanations that Talos can add.
func encode(cfg config.Provider) ([]byte, error) {
	return cfg.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
}

// generateConfig is Talos's own starting point for the version that the cluster
// was first made with.
func generateConfig(
	stack *spec.Stack, node spec.Node, contract *config.VersionContract, secrets Secrets,
) (config.Provider, error) {
	cluster := stack.Cluster
	options := []generate.Option{
		generate.WithVersionContract(contract),
		generate.WithSecretsBundle(secrets.Bundle),
		generate.WithDNSDomain(cluster.DNSDomain),
		generate.WithInstallImage(stack.InstallerImage(node)),
		generate.WithAdditionalSubjectAltNames(certSANs(stack)),
		generate.WithAllowSchedulingOnControlPlanes(cluster.AllowSchedulingOnControlPlanes),
		generate.WithClusterDiscovery(cluster.Discovery.Enabled),
		generate.WithKubePrismPort(constants.DefaultKubePrismPort),
	}
	for host, mirrors := range cluster.RegistryMirrors {
		options = append(options, generate.WithRegistryMirror(host, mirrors...))
	}

	input, err := generate.NewInput(cluster.Name, stack.ClusterEndpoint(), cluster.KubernetesVersion.Bare(), options...)
	if err != nil {
		return nil, err
	}
	input.PodNet = texts(stack.Network.PodCIDRs)
	input.ServiceNet = texts(stack.Network.ServiceCIDRs)
	kind := machine.TypeWorker
	if node.IsControlPlane() {
		kind = machine.TypeControlPlane
	}
	generated, err := input.Config(kind)
	if err == nil && secrets.AcceptedTalosCA != nil {
		main := generated.RawV1Alpha1().MachineConfig
		main.MachineAcceptedCAs = append(main.MachineAcceptedCAs, &x509.PEMEncodedCertificate{Crt: secrets.AcceptedTalosCA})
	}
	if err == nil && secrets.AcceptedKubernetesCA != nil {
		generated, err = rotatepatcher.K8sAddAcceptedCA(secrets.AcceptedKubernetesCA)(generated)
	}
	return generated, err
}

// certSANs are the further names of the Kubernetes and Talos APIs. Talos adds
// each node's own and the endpoint's; naming the other nodes as well would change
// every control plane's config whenever a node comes or goes.
func certSANs(stack *spec.Stack) []string {
	var names []string
	endpoint, err := url.Parse(stack.ClusterEndpoint())
	if vip := stack.Network.VIP; vip.IsValid() && (err != nil || endpoint.Hostname() != vip.String()) {
		names = append(names, vip.String())
	}
	return append(names, stack.Cluster.CertSANs...)
}

// texts is each value as it is written in a config.
func texts[T fmt.Stringer](values []T) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, v.String())
	}
	return out
}
