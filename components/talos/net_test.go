package talos_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/home-ops/home-ops/spec"
)

// serve runs machine at its own loopback address, on Talos's port, with a
// certificate of the test's cluster.
func serve(t *testing.T, address string, machine machineapi.MachineServiceServer) spec.Node {
	t.Helper()
	ca, err := talosx509.NewCertificateAuthorityFromCertificateAndKey(theBundle().Certs.OS)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := talosx509.NewKeyPair(ca, talosx509.IPAddresses([]net.IP{net.ParseIP(address)}),
		talosx509.NotAfter(time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(theBundle().Certs.OS.Crt)
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{*pair.Certificate},
		ClientCAs:    clients, ClientAuth: tls.RequireAndVerifyClientCert,
	})))
	machineapi.RegisterMachineServiceServer(server, machine)
	go server.Serve(listen(t, net.JoinHostPort(address, "50000")))
	t.Cleanup(server.Stop)
	return spec.Node{Name: "node-" + address, Role: spec.RoleControlPlane, Address: netip.MustParseAddr(address)}
}

// forward hands every connection to from on to to, and calls onConnect for each.
func forward(t *testing.T, from, to string, onConnect func()) {
	t.Helper()
	listener := listen(t, from)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			onConnect()
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			go func() { io.Copy(out, in); out.Close() }()
			go func() { io.Copy(in, out); in.Close() }()
		}
	}()
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		// Only Linux answers on every loopback address unasked.
		t.Skipf("this machine cannot listen on %s: %v", address, err)
	}
	return listener
}
