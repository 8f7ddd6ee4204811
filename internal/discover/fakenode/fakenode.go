// Package fakenode answers like Talos in maintenance mode, as far as package discover asks: real resources over
// real gRPC and TLS, on a loopback address.
package fakenode

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"testing"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/hardware"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/home-ops/home-ops/spec"
)

// Configured makes the machine ask for a client certificate, as one does that has its configuration.
const Configured = true

// Start serves the resources at an address until the test ends. Port 0 takes a free one.
func Start(t *testing.T, at netip.AddrPort, configured bool, resources ...resource.Resource) netip.AddrPort {
	t.Helper()
	st := state.WrapCore(namespaced.NewState(inmem.Build))
	for _, r := range resources {
		if err := st.Create(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	config := &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}, MinVersion: tls.VersionTLS12}
	if configured {
		config.ClientAuth = tls.RequireAnyClientCert
	}
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	v1alpha1.RegisterStateServer(srv, server.NewState(st))
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(listener) //nolint:errcheck // ends with Stop
	t.Cleanup(srv.Stop)
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Disk is a disk of the machine.
func Disk(id string, spec block.DiskSpec) resource.Resource {
	r := block.NewDisk(block.NamespaceName, id)
	*r.TypedSpec() = spec
	r.TypedSpec().DevPath = "/dev/" + id
	return r
}

// Link is a network card of the machine that has the given addresses.
func Link(name, mac string, addresses ...string) []resource.Resource {
	r := network.NewLinkStatus(network.NamespaceName, name)
	r.TypedSpec().Type = nethelpers.LinkEther
	r.TypedSpec().LinkState = len(addresses) > 0
	r.TypedSpec().SpeedMegabits = 1000
	hw, err := spec.ParseMAC(mac)
	if err != nil {
		panic(err)
	}
	r.TypedSpec().HardwareAddr = nethelpers.HardwareAddr(hw[:])
	r.TypedSpec().PermanentAddr = r.TypedSpec().HardwareAddr
	out := []resource.Resource{r}
	for _, a := range addresses {
		status := network.NewAddressStatus(network.NamespaceName, name+"/"+a)
		status.TypedSpec().Address = netip.MustParsePrefix(a)
		status.TypedSpec().LinkName = name
		out = append(out, status)
	}
	return out
}

// DefaultRoute is a default route of the machine.
func DefaultRoute(gateway string) resource.Resource {
	r := network.NewRouteStatus(network.NamespaceName, "inet4/"+gateway+"//1024")
	r.TypedSpec().Gateway = netip.MustParseAddr(gateway)
	return r
}

// Identity is what the machine is: its maker, its processor and the release that runs.
func Identity(product, processor, version string) []resource.Resource {
	system := hardware.NewSystemInformation(hardware.SystemInformationID)
	system.TypedSpec().ProductName = product
	cpu := hardware.NewProcessorInfo("CPU-0")
	cpu.TypedSpec().Manufacturer = processor
	cpu.TypedSpec().CoreCount = 4
	memory := hardware.NewMemoryModuleInfo("DIMM-0")
	memory.TypedSpec().Size = 16384
	release := runtime.NewVersion()
	release.TypedSpec().Version = version
	return []resource.Resource{system, cpu, memory, release}
}
