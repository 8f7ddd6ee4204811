package talos_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/spec"
)

const etcdDir = "/var/lib/etcd"

// fakeMachine answers as far as EnsureEtcd asks.
type fakeMachine struct {
	machineapi.UnimplementedMachineServiceServer
	// forgets is how many bootstraps leave no trace, refuses how many are refused.
	forgets, refuses int
	// onList is called before List answers, with how often etcd's directory was
	// asked for.
	onList func(times int)

	mu sync.Mutex
	// directories are what List knows, each to the names in it.
	directories map[string][]string
	services    []string
	bootstraps  int
	lists       int
	// uploaded is the snapshot that the next bootstrap begins from, began the one that etcd began from.
	uploaded, began []byte
}

// EtcdRecover keeps what is uploaded.
func (m *fakeMachine) EtcdRecover(in machineapi.MachineService_EtcdRecoverServer) error {
	var all []byte
	for {
		data, err := in.Recv()
		if errors.Is(err, io.EOF) {
			m.mu.Lock()
			m.uploaded = all
			m.mu.Unlock()
			return in.SendAndClose(&machineapi.EtcdRecoverResponse{})
		}
		if err != nil {
			return err
		}
		all = append(all, data.GetBytes()...)
	}
}

// emptyMachine is ready for etcd and has none.
func emptyMachine() *fakeMachine {
	return &fakeMachine{directories: map[string][]string{etcdDir: nil}, services: []string{"apid", "etcd"}}
}

// etcdMachine is a member of an etcd.
func etcdMachine() *fakeMachine {
	m := emptyMachine()
	m.directories[etcdDir] = []string{"member"}
	return m
}

func (m *fakeMachine) Bootstrap(_ context.Context, in *machineapi.BootstrapRequest) (*machineapi.BootstrapResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bootstraps++
	switch {
	case len(m.directories[etcdDir]) > 0:
		return nil, status.Error(codes.AlreadyExists, "etcd data directory is not empty")
	case m.refuses > 0:
		m.refuses--
		return nil, status.Error(codes.FailedPrecondition, "time is not in sync yet")
	case m.forgets > 0:
		m.forgets--
	default:
		m.directories[etcdDir] = []string{"member"}
		if in.GetRecoverEtcd() {
			m.began = m.uploaded
		}
	}
	return &machineapi.BootstrapResponse{}, nil
}

func (m *fakeMachine) List(in *machineapi.ListRequest, out machineapi.MachineService_ListServer) error {
	m.mu.Lock()
	names, ok := m.directories[in.GetRoot()]
	if in.GetRoot() == etcdDir {
		m.lists++
	}
	lists := m.lists
	m.mu.Unlock()
	if m.onList != nil {
		m.onList(lists)
	}
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
	m.mu.Lock()
	defer m.mu.Unlock()
	list := &machineapi.ServiceList{}
	for _, id := range m.services {
		list.Services = append(list.Services, &machineapi.ServiceInfo{Id: id})
	}
	return &machineapi.ServiceListResponse{Messages: []*machineapi.ServiceList{list}}, nil
}

func ensure(ctx context.Context, nodes ...spec.Node) error {
	return talos.EnsureEtcdSoon(ctx, nodes, adminCredentials())
}

func TestEnsureEtcd_BootstrapsTheFirstControlPlaneOnce(t *testing.T) {
	for name, prepare := range map[string]func(*fakeMachine){
		"its directory is empty":     func(*fakeMachine) {},
		"it has no directory yet":    func(m *fakeMachine) { m.directories = map[string][]string{"/var/lib": {"kubelet"}} },
		"its clock is not right yet": func(m *fakeMachine) { m.refuses = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			first, second := emptyMachine(), emptyMachine()
			prepare(first)
			want := 1 + first.refuses
			if err := ensure(t.Context(), serve(t, "127.0.81.1", first), serve(t, "127.0.81.2", second)); err != nil {
				t.Fatal(err)
			}
			if first.bootstraps != want || second.bootstraps != 0 {
				t.Errorf("%d and %d bootstraps, want %d and 0", first.bootstraps, second.bootstraps, want)
			}
		})
	}
}

func TestEnsureEtcd_RepeatsABootstrapThatTheMachineForgot(t *testing.T) {
	first := emptyMachine()
	first.forgets = 2
	if err := ensure(t.Context(), serve(t, "127.0.81.1", first)); err != nil || first.bootstraps != 3 {
		t.Errorf("%d bootstraps: %v", first.bootstraps, err)
	}
}

func TestEnsureEtcd_StartsNoSecondEtcd(t *testing.T) {
	for name, has := range map[string]int{"the first control plane has one": 0, "another one has": 1} {
		t.Run(name, func(t *testing.T) {
			machines := []*fakeMachine{emptyMachine(), emptyMachine()}
			machines[has] = etcdMachine()
			silent := spec.Node{Name: "silent", Address: netip.MustParseAddr("127.0.81.3")}
			err := ensure(t.Context(),
				serve(t, "127.0.81.1", machines[0]), serve(t, "127.0.81.2", machines[1]), silent)
			if err != nil || machines[0].bootstraps+machines[1].bootstraps > 0 {
				t.Errorf("%d and %d bootstraps: %v", machines[0].bootstraps, machines[1].bootstraps, err)
			}
		})
	}
}

func TestEnsureEtcd_WaitsForAMachineThatIsStillInstalling(t *testing.T) {
	first := emptyMachine()
	node := serve(t, "127.0.81.1", first)
	time.AfterFunc(300*time.Millisecond, func() { serve(t, "127.0.81.2", etcdMachine()) })
	err := ensure(t.Context(), node, spec.Node{Name: "late", Address: netip.MustParseAddr("127.0.81.2")})
	if err != nil || first.bootstraps > 0 {
		t.Errorf("%d bootstraps: %v", first.bootstraps, err)
	}
}

func TestEnsureEtcd_DoesNotTakeAMachineThatIsNotReadyForEmpty(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*fakeMachine)
		want   string
	}{
		"before etcd's service exists": {
			change: func(m *fakeMachine) { m.services = []string{"apid"} },
			want:   "node-127.0.81.2 (127.0.81.2:50000): the Talos API is up, and the machine has not come to etcd yet",
		},
		"when its directory cannot be read": {
			change: func(m *fakeMachine) { m.directories = map[string][]string{"/var/lib": {"etcd"}} },
			want:   "node-127.0.81.2 (127.0.81.2:50000): rpc error: code = Unknown desc = no such directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := emptyMachine(), emptyMachine()
			test.change(second)
			// Time is up while the second one is asked again.
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			second.onList = func(times int) {
				if times == 2 {
					cancel()
				}
			}
			err := ensure(ctx, serve(t, "127.0.81.1", first), serve(t, "127.0.81.2", second))
			if err == nil || first.bootstraps > 0 {
				t.Fatalf("%d bootstraps, error %v", first.bootstraps, err)
			}
			lines := strings.Split(err.Error(), "\n")
			head := "etcd was not bootstrapped, because it is not known of every control plane whether it holds etcd data; " +
				"look at its console, then run the update again:"
			if lines[0] != head || !slices.Contains(lines, test.want) {
				t.Errorf("error %v, want %s\n%s", err, head, test.want)
			}
		})
	}
}

func TestEnsureEtcd_TrustsOnlyTheMachineThatItMeans(t *testing.T) {
	// The certificate is for 127.0.81.1 alone.
	serve(t, "127.0.81.1", etcdMachine())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var connections atomic.Int32
	forward(t, "127.0.81.2:50000", "127.0.81.1:50000", func() {
		if connections.Add(1) == 2 {
			cancel()
		}
	})
	err := ensure(ctx, spec.Node{Name: "other", Address: netip.MustParseAddr("127.0.81.2")})
	if err == nil || !strings.Contains(err.Error(), "certificate is valid for 127.0.81.1, not 127.0.81.2") {
		t.Errorf("error %v", err)
	}
}
