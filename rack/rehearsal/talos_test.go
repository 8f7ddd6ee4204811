package rehearsal

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"net"
	"testing"
	"time"

	"github.com/siderolabs/crypto/x509"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/emptypb"
)

// talos is a machine that says of itself what a test wants.
type talos struct {
	machineapi.UnimplementedMachineServiceServer
	version string
	members []*machineapi.EtcdMember
}

func (m *talos) Version(context.Context, *emptypb.Empty) (*machineapi.VersionResponse, error) {
	return &machineapi.VersionResponse{Messages: []*machineapi.Version{{Version: &machineapi.VersionInfo{Tag: m.version}}}}, nil
}

func (m *talos) EtcdMemberList(context.Context, *machineapi.EtcdMemberListRequest) (*machineapi.EtcdMemberListResponse, error) {
	return &machineapi.EtcdMemberListResponse{Messages: []*machineapi.EtcdMembers{{Members: m.members}}}, nil
}

// serve answers at the address as the machine, and returns the talosconfig for it. Machines are asked at port 50000
// alone.
func (m *talos) serve(t *testing.T, address string) string {
	t.Helper()
	authority, err := x509.NewSelfSignedCertificateAuthority(x509.ECDSA(true))
	if err != nil {
		t.Fatal(err)
	}
	pair := func() (certificate, key []byte) {
		p, err := x509.NewKeyPair(authority, x509.IPAddresses([]net.IP{net.ParseIP(address)}), x509.Organization("os:admin"),
			x509.NotAfter(time.Now().Add(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		return p.CrtPEM, p.KeyPEM
	}
	certificate, err := tls.X509KeyPair(pair())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address+":50000")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	machineapi.RegisterMachineServiceServer(server, m)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	encoded := base64.StdEncoding.EncodeToString
	own, key := pair()
	config := &clientconfig.Config{Context: "home", Contexts: map[string]*clientconfig.Context{
		"home": {Endpoints: []string{address}, CA: encoded(authority.CrtPEM), Crt: encoded(own), Key: encoded(key)},
	}}
	text, err := config.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
