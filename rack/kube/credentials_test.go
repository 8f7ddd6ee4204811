package kube

import (
	"testing"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
)

// What is simulated is nobody's who has to be given another kubeconfig: it is good in any mixture of two steps.
func TestCredentials_AreGoodUntilAControlPlaneRefusesThem(t *testing.T) {
	configs := configtest.New(t, "https://10.0.50.10:6443")
	ca, err := x509.NewSelfSignedCertificateAuthority(x509.ECDSA(true))
	if err != nil {
		t.Fatal(err)
	}
	next := x509.NewCertificateAndKeyFromCertificateAuthority(ca)
	plane := func(issues, accepts bool) controlplane.Plane {
		return controlplane.Plane{Config: configs.Config(t, machine.TypeControlPlane, func(c *v1alpha1.Config) {
			other := next
			if issues {
				c.ClusterConfig.ClusterCA, other = next, c.ClusterConfig.ClusterCA
			}
			if accepts {
				c.ClusterConfig.ClusterAcceptedCAs = []*x509.PEMEncodedCertificate{{Crt: other.Crt}}
			}
		})}
	}
	first, accepted, issues, alone := plane(false, false), plane(false, true), plane(true, true), plane(true, false)
	for name, test := range map[string]struct {
		of, asked []controlplane.Plane
		want      bool
	}{
		"as they were made":                  {[]controlplane.Plane{first}, []controlplane.Plane{first, first}, true},
		"another is accepted":                {[]controlplane.Plane{first}, []controlplane.Plane{accepted, first}, true},
		"another issues, which nobody knew":  {[]controlplane.Plane{first}, []controlplane.Plane{accepted, issues}, false},
		"made while another begins to issue": {[]controlplane.Plane{accepted, issues}, []controlplane.Plane{issues, accepted}, true},
		"their own issuer is dropped":        {[]controlplane.Plane{accepted, issues}, []controlplane.Plane{issues, alone}, false},
		"made while it is dropped":           {[]controlplane.Plane{issues, alone}, []controlplane.Plane{issues, alone}, true},
	} {
		c, err := newCredentials(test.of, controlplane.TalosAdmin)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.good(test.asked); got != test.want {
			t.Errorf("%s: good is %t", name, got)
		}
	}
}
