package controlplane

import (
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/home-ops/home-ops/rack/kube/pki"
)

// Identity is who a kubeconfig speaks for.
type Identity struct {
	// Context is the part of the context's name before the @.
	Context string
	// User and Group go into the client certificate.
	User, Group string
	// Lifetime of the certificate; zero is one year.
	Lifetime time.Duration
}

func componentIdentity(name string) Identity {
	return Identity{Context: name, User: name, Group: name}
}

// TalosAdmin is the identity that Talos itself uses on a control plane.
var TalosAdmin = Identity{Context: "talos", User: "talos:admin", Group: "system:masters"}

// AdminKubeconfig is what a person gets from the node: the cluster's endpoint, and the identity that the config gives
// its administrator.
func (p Plane) AdminKubeconfig() ([]byte, error) {
	admin := p.Config.Cluster().AdminKubeconfig()
	return p.Kubeconfig(p.Config.K8sClusterConfig().ClusterEndpoint().String(), Identity{
		Context: "admin", User: admin.CommonName(), Group: admin.CertOrganization(), Lifetime: admin.CertLifetime(),
	})
}

// Kubeconfig is a kubeconfig for the server with a client certificate of this identity.
func (p Plane) Kubeconfig(server string, who Identity) ([]byte, error) {
	authority, cluster := p.Config.K8sAPIServerCAConfig(), p.Config.K8sClusterConfig().ClusterName()
	pair, err := pki.Issue(authority.IssuingCA(), pki.Leaf{CommonName: who.User, Organization: who.Group, Client: true, Lifetime: who.Lifetime})
	if err != nil {
		return nil, err
	}
	context := who.Context + "@" + cluster
	return clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			cluster: {Server: server, CertificateAuthorityData: pki.Bundle(nil, authority.AcceptedCAs())},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{context: {ClientCertificateData: pair.Crt, ClientKeyData: pair.Key}},
		Contexts:       map[string]*clientcmdapi.Context{context: {Cluster: cluster, AuthInfo: context, Namespace: "default"}},
		CurrentContext: context,
	})
}
