package talos_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/spec"
)

// fakeMachine answers as far as the probe asks.
type fakeMachine struct {
	machineapi.UnimplementedMachineServiceServer
	// directories are what List knows, each to the names in it.
	directories map[string][]string
	services    []string
}

func (m *fakeMachine) List(in *machineapi.ListRequest, out machineapi.MachineService_ListServer) error {
	names, ok := m.directories[in.GetRoot()]
	if !ok {
		return errors.New("no such directory")
	}
	for _, name := range append([]string{"."}, names...) {
		if err := out.Send(&machineapi.FileInfo{Name: in.GetRoot() + "/" + name, RelativeName: name}); err != nil {
			return err
		}
	}
	return nil
}

func (m *fakeMachine) ServiceList(context.Context, *emptypb.Empty) (*machineapi.ServiceListResponse, error) {
	list := &machineapi.ServiceList{}
	for _, id := range m.services {
		list.Services = append(list.Services, &machineapi.ServiceInfo{Id: id})
	}
	return &machineapi.ServiceListResponse{Messages: []*machineapi.ServiceList{list}}, nil
}

// serve runs machine at its own loopback address, on Talos's port, with a
// certificate of the test's cluster.
func serve(t *testing.T, address string, machine *fakeMachine) spec.Node {
	t.Helper()
	node := spec.Node{Name: "node-" + address, Role: spec.RoleControlPlane, Address: netip.MustParseAddr(address)}
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
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "50000"))
	if err != nil {
		t.Skipf("this machine has no %s to listen on: %v", address, err)
	}
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return node
}

func probe(t *testing.T, patience time.Duration, nodes ...spec.Node) (bool, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return talos.ProbeEtcd(ctx, nodes, adminCredentials())
}

const etcdDir = "/var/lib/etcd"

func TestProbeEtcd_FindsDataOnAnyControlPlane(t *testing.T) {
	empty := serve(t, "127.0.81.1", &fakeMachine{directories: map[string][]string{etcdDir: nil}})
	holds := serve(t, "127.0.81.2", &fakeMachine{directories: map[string][]string{etcdDir: {"member"}}})
	silent := spec.Node{Name: "silent", Address: netip.MustParseAddr("127.0.81.3")}
	found, err := probe(t, time.Minute, empty, silent, holds)
	if !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestProbeEtcd_BelievesThatThereIsNoneWhenEveryControlPlaneIsReadyForEtcd(t *testing.T) {
	for name, directories := range map[string]map[string][]string{
		"an empty directory": {etcdDir: nil},
		"no directory":       {"/var/lib": {"kubelet"}},
	} {
		t.Run(name, func(t *testing.T) {
			machine := &fakeMachine{directories: directories, services: []string{"apid", "etcd"}}
			found, err := probe(t, time.Minute, serve(t, "127.0.81.1", machine), serve(t, "127.0.81.2", machine))
			if found || err != nil {
				t.Errorf("found %v, %v", found, err)
			}
		})
	}
}

func TestProbeEtcd_DoesNotTakeAMachineThatIsNotReadyForEmpty(t *testing.T) {
	ready := &fakeMachine{directories: map[string][]string{etcdDir: nil}, services: []string{"etcd"}}
	for name, test := range map[string]struct {
		machine *fakeMachine
		want    string
	}{
		"before etcd's service exists": {
			machine: &fakeMachine{directories: map[string][]string{etcdDir: nil}, services: []string{"apid"}},
			want:    "node-127.0.81.2 (127.0.81.2:50000) did not come up: Talos is up but has not come to etcd yet",
		},
		"when its directory cannot be read": {
			machine: &fakeMachine{directories: map[string][]string{"/var/lib": {"etcd"}}, services: []string{"etcd"}},
			want:    "node-127.0.81.2 (127.0.81.2:50000) did not come up: rpc error: code = Unknown desc = no such directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := probe(t, time.Second, serve(t, "127.0.81.1", ready), serve(t, "127.0.81.2", test.machine))
			if found || err == nil || !strings.HasSuffix(err.Error(), test.want) ||
				!strings.HasPrefix(err.Error(), "etcd was not bootstrapped, because it is not known of every control plane") {
				t.Errorf("found %v, error %v, want %s", found, err, test.want)
			}
		})
	}
}

func TestProbeEtcd_WaitsForAMachineThatIsStillInstalling(t *testing.T) {
	late := spec.Node{Name: "node-127.0.81.2", Address: netip.MustParseAddr("127.0.81.2")}
	machine := &fakeMachine{directories: map[string][]string{etcdDir: nil}, services: []string{"etcd"}}
	first := serve(t, "127.0.81.1", machine)
	time.AfterFunc(500*time.Millisecond, func() { serve(t, "127.0.81.2", machine) })
	found, err := probe(t, time.Minute, first, late)
	if found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestProbeEtcd_TrustsOnlyTheClustersOwnMachines(t *testing.T) {
	machine := &fakeMachine{directories: map[string][]string{etcdDir: {"member"}}}
	node := serve(t, "127.0.81.1", machine)
	node.Address = netip.MustParseAddr("127.0.81.1")
	// The certificate is for 127.0.81.1 alone.
	forward(t, "127.0.81.2:50000", "127.0.81.1:50000")
	node.Address = netip.MustParseAddr("127.0.81.2")
	_, err := probe(t, time.Second, node)
	if err == nil || !strings.Contains(err.Error(), "certificate is valid for 127.0.81.1, not 127.0.81.2") {
		t.Errorf("error %v", err)
	}
}
