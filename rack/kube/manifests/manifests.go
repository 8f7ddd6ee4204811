// Package manifests holds what Talos creates in a cluster when it is bootstrapped, and creates it.
package manifests

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"

	"github.com/siderolabs/net"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

//go:embed *.yaml
var files embed.FS

// values are what the files take from the machine config.
type values struct {
	TokenID, TokenSecret string
	Server               string
	Domain               string
	DNSAddresses         []string
	CoreDNSImage         string
}

// dnsHost is the place of the cluster's DNS server in each network of services.
const dnsHost = 10

// Bootstrap are the objects of a cluster with this control-plane config: Talos's own and the config's inline manifests.
//
// Talos would add Flannel, kube-proxy and manifests from URLs where the config asks for them. None of these is
// simulated, so a config that asks is an error.
func Bootstrap(cfg config.Provider) ([]*unstructured.Unstructured, error) {
	if err := refuse(cfg); err != nil {
		return nil, err
	}
	token, network, cluster := cfg.Cluster().Token(), cfg.K8sNetworkConfig(), cfg.K8sClusterConfig()
	dns := cfg.K8sCoreDNSConfig()
	v := values{
		TokenID: token.ID(), TokenSecret: token.Secret(), Server: cluster.ClusterEndpoint().String(),
		Domain: network.DNSDomain(), CoreDNSImage: dns.Image(),
	}
	if prism := cfg.K8sKubePrismConfig(); prism != nil {
		v.Server = fmt.Sprintf("https://127.0.0.1:%d", prism.Port())
	}
	for _, services := range network.ServiceCIDRs() {
		address, err := net.NthIPInNetwork(services, dnsHost)
		if err != nil {
			return nil, fmt.Errorf("cluster.network.serviceSubnets: %w", err)
		}
		v.DNSAddresses = append(v.DNSAddresses, address.String())
	}
	names := []string{"bootstrap.yaml"}
	if dns.Enabled() {
		names = append(names, "coredns.yaml")
	}
	if cfg.K8sTalosAPIAccessConfig() != nil {
		names = append(names, "serviceaccounts.yaml")
	}
	var objects []*unstructured.Unstructured
	for _, name := range names {
		parsed, err := render(name, v)
		if err != nil {
			return nil, fmt.Errorf("bootstrap manifest %s: %w", name, err)
		}
		objects = append(objects, parsed...)
	}
	for _, inline := range cfg.K8sInlineManifestConfigs() {
		parsed, err := parse(strings.NewReader(inline.Contents()))
		if err != nil {
			return nil, fmt.Errorf("cluster.inlineManifests: %s: %w", inline.Name(), err)
		}
		objects = append(objects, parsed...)
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	return objects, nil
}

func refuse(cfg config.Provider) error {
	var errs []error
	not := func(asked bool, why string) {
		if asked {
			errs = append(errs, errors.New(why))
		}
	}
	not(cfg.K8sFlannelCNIConfig() != nil, "cluster.network.cni: flannel is not simulated; set cni.name to none and deploy the CNI")
	if network := cfg.RawV1Alpha1().ClusterConfig.ClusterNetwork; network != nil && network.CNI != nil {
		not(len(network.CNI.CNIUrls) > 0, "cluster.network.cni.urls: manifests from URLs are not fetched in a rehearsal")
	}
	proxy := cfg.K8sProxyConfig()
	not(proxy != nil && proxy.Enabled(), "cluster.proxy: kube-proxy is not simulated; disable it")
	not(len(cfg.K8sExternalManifestConfigs()) > 0, "cluster.extraManifests: manifests from URLs are not fetched in a rehearsal")
	return errors.Join(errs...)
}

// rank puts first what others need.
func rank(object *unstructured.Unstructured) int {
	switch object.GetKind() {
	case "Namespace":
		return 0
	case "CustomResourceDefinition":
		return 1
	}
	return 2
}

func render(name string, v values) ([]*unstructured.Unstructured, error) {
	tmpl, err := template.ParseFS(files, name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, v); err != nil {
		return nil, err
	}
	return parse(&out)
}

func parse(in io.Reader) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(in, 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}
