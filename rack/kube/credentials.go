package kube

import (
	"bytes"
	"net/http"
	"slices"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/pki"
)

// credentials are those of what is simulated: no part of the cluster, and so never locked out while its authorities change.
type credentials struct {
	// issuer signed the certificate, and trusted are the authorities whose certificates are believed, all PEM.
	issuer  []byte
	trusted [][]byte
	// kubeconfig holds both.
	kubeconfig []byte
}

// newCredentials are of the first control plane, and believe whomever any of them accepts.
func newCredentials(planes []controlplane.Plane, who controlplane.Identity) (*credentials, error) {
	first := planes[0]
	raw, err := first.Kubeconfig("https://"+balancerAddress, who)
	if err != nil {
		return nil, err
	}
	c := &credentials{issuer: first.Config.K8sAPIServerCAConfig().IssuingCA().Crt}
	for _, plane := range planes {
		for _, ca := range plane.Config.K8sAPIServerCAConfig().AcceptedCAs() {
			if !c.trusts(ca.Crt) {
				c.trusted = append(c.trusted, ca.Crt)
			}
		}
	}
	config, err := clientcmd.Load(raw)
	if err != nil {
		return nil, err
	}
	for _, cluster := range config.Clusters {
		cluster.CertificateAuthorityData = bytes.Join(c.trusted, []byte("\n"))
	}
	c.kubeconfig, err = clientcmd.Write(*config)
	return c, err
}

func (c *credentials) trusts(authority []byte) bool {
	return slices.ContainsFunc(c.trusted, func(ca []byte) bool { return bytes.Equal(ca, authority) })
}

// good says that every control plane takes them, and has a certificate that they believe.
func (c *credentials) good(planes []controlplane.Plane) bool {
	for _, plane := range planes {
		authorities := plane.Config.K8sAPIServerCAConfig()
		if !c.trusts(authorities.IssuingCA().Crt) || !bytes.Contains(pki.Bundle(nil, authorities.AcceptedCAs()), bytes.TrimSpace(c.issuer)) {
			return false
		}
	}
	return true
}

// together are the control planes of a plane's cluster that run, that one first.
func (f *Fabric) together(p *plane) []controlplane.Plane {
	own := p.current()
	all := []controlplane.Plane{own}
	for _, other := range f.planes() {
		if spec := other.current(); other != p && clusterID(spec.Config) == clusterID(own.Config) {
			all = append(all, spec)
		}
	}
	return all
}

// renewing is a transport whose credentials may change at any time.
type renewing struct {
	mu  sync.Mutex
	now http.RoundTripper
}

func (r *renewing) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	now := r.now
	r.mu.Unlock()
	return now.RoundTrip(request)
}

func (r *renewing) renew(config *rest.Config) error {
	transport, err := rest.TransportFor(config)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if former, ok := r.now.(interface{ CloseIdleConnections() }); ok {
		former.CloseIdleConnections()
	}
	r.now = transport
	return nil
}
