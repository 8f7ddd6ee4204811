package controlplane

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/net"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/kube/pki"
)

// WriteSecrets issues the control plane's certificates from the authorities in the config, and writes them with the keys
// that the config carries.
func (p Plane) WriteSecrets() error {
	files, err := p.secrets()
	if err != nil {
		return fmt.Errorf("control plane of %s: %w", p.Node, err)
	}
	if err := os.MkdirAll(p.secretsDir(), 0o700); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(p.secretsDir(), name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p Plane) secrets() (map[string][]byte, error) {
	authority, aggregator := p.Config.K8sAPIServerCAConfig().IssuingCA(), p.Config.K8sAggregatorCAConfig().IssuingCA()
	etcd, account := p.Config.Cluster().Etcd().CA(), p.Config.K8sServiceAccountConfig()
	if account == nil {
		return nil, errors.New("cluster.serviceAccount.key is missing")
	}
	names, addresses, err := p.SANs()
	if err != nil {
		return nil, err
	}
	server, errServer := pki.Issue(authority, pki.Leaf{
		CommonName: "kube-apiserver", Organization: "kube-master", DNSNames: names, Addresses: addresses, Server: true,
	})
	toKubelet, errKubelet := pki.Issue(authority, pki.Leaf{
		CommonName: "apiserver-kubelet-client", Organization: "system:masters", Client: true,
	})
	frontProxy, errProxy := pki.Issue(aggregator, pki.Leaf{CommonName: "front-proxy-client", Client: true})
	toEtcd, errEtcd := pki.Issue(etcd, pki.Leaf{CommonName: "kube-apiserver", Client: true})
	manager, errManager := p.Kubeconfig(p.URL(), componentIdentity("system:kube-controller-manager"))
	scheduler, errScheduler := p.Kubeconfig(p.URL(), componentIdentity("system:kube-scheduler"))
	encryption, errEncryption := p.encryptionConfig()
	public, errPublic := publicKey(account.IssuingKey())
	if err := errors.Join(errServer, errKubelet, errProxy, errEtcd, errManager, errScheduler, errEncryption, errPublic); err != nil {
		return nil, err
	}
	return map[string][]byte{
		// Whom the API server accepts, and who issues: the controller manager gives pods the latter alone to trust.
		"accepted-ca.crt":               pki.Bundle(nil, p.Config.K8sAPIServerCAConfig().AcceptedCAs()),
		"ca.crt":                        authority.Crt,
		"ca.key":                        authority.Key,
		"aggregator-ca.crt":             aggregator.Crt,
		"etcd-client-ca.crt":            etcd.Crt,
		"apiserver.crt":                 server.Crt,
		"apiserver.key":                 server.Key,
		"apiserver-kubelet-client.crt":  toKubelet.Crt,
		"apiserver-kubelet-client.key":  toKubelet.Key,
		"front-proxy-client.crt":        frontProxy.Crt,
		"front-proxy-client.key":        frontProxy.Key,
		"etcd-client.crt":               toEtcd.Crt,
		"etcd-client.key":               toEtcd.Key,
		"service-account.key":           account.IssuingKey().Key,
		"service-account.pub":           public,
		"controller-manager.kubeconfig": manager,
		"scheduler.kubeconfig":          scheduler,
		"encryptionconfig.yaml":         encryption,
	}, nil
}

// SANs are the names and addresses that the API server's certificate is good for.
func (p Plane) SANs() (names []string, addresses []netip.Addr, err error) {
	network, endpoint := p.Config.K8sNetworkConfig(), p.Config.K8sClusterConfig().ClusterEndpoint()
	for _, services := range network.ServiceCIDRs() {
		first, err := net.NthIPInNetwork(services, 1)
		if err != nil {
			return nil, nil, fmt.Errorf("cluster.network.serviceSubnets: %w", err)
		}
		addresses = append(addresses, first)
	}
	addresses = append(addresses, p.Addresses...)
	addresses = append(addresses, netip.MustParseAddr("127.0.0.1"))
	names = []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + network.DNSDomain(),
		"localhost", p.Hostname,
	}
	for _, san := range append([]string{endpoint.Hostname()}, p.Config.K8sAPIServerConfig().CertSANs()...) {
		if addr, err := netip.ParseAddr(san); err == nil {
			addresses = append(addresses, addr)
		} else {
			names = append(names, san)
		}
	}
	return unique(names), unique(addresses), nil
}

func unique[T comparable](in []T) []T {
	seen, out := map[T]bool{}, in[:0:0]
	for _, each := range in {
		if !seen[each] {
			seen[each] = true
			out = append(out, each)
		}
	}
	return out
}

// encryptionConfig tells the API server how to keep Secrets in etcd. Contract v1.14 has the whole file in a document.
func (p Plane) encryptionConfig() ([]byte, error) {
	if document := p.Config.K8sEtcdEncryptionConfig(); document != nil {
		whole := maps.Clone(document.EtcdEncryptionConfig())
		whole["apiVersion"], whole["kind"] = apiserverv1.SchemeGroupVersion.String(), "EncryptionConfiguration"
		return yaml.Marshal(whole)
	}
	out := apiserverv1.EncryptionConfiguration{}
	out.APIVersion, out.Kind = apiserverv1.SchemeGroupVersion.String(), "EncryptionConfiguration"
	var providers []apiserverv1.ProviderConfiguration
	if secret := p.Config.Cluster().SecretboxEncryptionSecret(); secret != "" {
		providers = append(providers, apiserverv1.ProviderConfiguration{
			Secretbox: &apiserverv1.SecretboxConfiguration{Keys: []apiserverv1.Key{{Name: "key2", Secret: secret}}},
		})
	}
	if secret := p.Config.Cluster().AESCBCEncryptionSecret(); secret != "" {
		providers = append(providers, apiserverv1.ProviderConfiguration{
			AESCBC: &apiserverv1.AESConfiguration{Keys: []apiserverv1.Key{{Name: "key1", Secret: secret}}},
		})
	}
	providers = append(providers, apiserverv1.ProviderConfiguration{Identity: &apiserverv1.IdentityConfiguration{}})
	out.Resources = []apiserverv1.ResourceConfiguration{{Resources: []string{"secrets"}, Providers: providers}}
	return yaml.Marshal(out)
}

// publicKey is the half of the service account key that checks tokens.
func publicKey(key *x509.PEMEncodedKey) ([]byte, error) {
	if key == nil {
		return nil, errors.New("cluster.serviceAccount.key is missing")
	}
	private, err := key.GetKey()
	if err != nil {
		return nil, fmt.Errorf("cluster.serviceAccount.key: %w", err)
	}
	return private.GetPublicKeyPEM(), nil
}
