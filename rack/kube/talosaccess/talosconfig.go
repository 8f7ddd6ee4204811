package talosaccess

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"time"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"

	"github.com/home-ops/home-ops/rack/kube/pki"
)

// Talos's own lifetimes
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/controllers/kubeaccess/serviceaccount/crd_controller.go).
const (
	lifetime = 6 * time.Hour
	renewal  = time.Hour
)

// endpoint is the Service through which a pod reaches the Talos API.
const endpoint = constants.KubernetesTalosAPIServiceName + "." + constants.KubernetesTalosAPIServiceNamespace

// talosconfig holds a new certificate of the authority for these roles.
func talosconfig(authority *pki.Pair, roles role.Set) ([]byte, error) {
	pair, err := secrets.NewAdminCertificateAndKey(time.Now(), authority, roles, lifetime)
	if err != nil {
		return nil, err
	}
	return clientconfig.NewConfig("default", []string{endpoint}, authority.Crt, pair).Bytes()
}

// stillGood says that a talosconfig is the authority's, for exactly these roles, and not soon too old.
func stillGood(raw []byte, authority *pki.Pair, roles role.Set) bool {
	config, err := clientconfig.FromBytes(raw)
	if err != nil || config.Contexts[config.Context] == nil {
		return false
	}
	current := config.Contexts[config.Context]
	trusted, err := base64.StdEncoding.DecodeString(current.CA)
	if err != nil || !bytes.Equal(trusted, authority.Crt) {
		return false
	}
	shown, err := base64.StdEncoding.DecodeString(current.Crt)
	if err != nil {
		return false
	}
	block, _ := pem.Decode(shown)
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return err == nil && time.Until(certificate.NotAfter) > renewal &&
		slices.Equal(slices.Sorted(slices.Values(certificate.Subject.Organization)), slices.Sorted(slices.Values(roles.Strings())))
}
