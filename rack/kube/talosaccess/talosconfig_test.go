package talosaccess

import (
	"testing"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/role"

	"github.com/home-ops/home-ops/rack/kube/pki"
)

func authority(t *testing.T) *pki.Pair {
	t.Helper()
	ca, err := x509.NewSelfSignedCertificateAuthority(x509.Organization("talos"))
	if err != nil {
		t.Fatal(err)
	}
	return x509.NewCertificateAndKeyFromCertificateAuthority(ca)
}

func TestStillGood_IsATalosconfigOfThisAuthorityForTheseRoles(t *testing.T) {
	ours, roles := authority(t), role.MakeSet(role.Reader, role.EtcdBackup)
	config, err := talosconfig(ours, roles)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		raw       []byte
		authority *pki.Pair
		roles     role.Set
		want      bool
	}{
		{"the same", config, ours, role.MakeSet(role.EtcdBackup, role.Reader), true},
		{"after the authority was rotated", config, authority(t), roles, false},
		{"with a role less", config, ours, role.MakeSet(role.Reader), false},
		{"what is no talosconfig", []byte("context: default\n"), ours, roles, false},
		{"nothing", nil, ours, roles, false},
	} {
		if got := stillGood(test.raw, test.authority, test.roles); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}
