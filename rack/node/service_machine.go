package node

import (
	"context"
	"fmt"
	"runtime"
	"time"

	cosi "github.com/cosi-project/runtime/api/v1alpha1"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// machineService is the machine API of a configured machine.
type machineService struct {
	machineapi.UnimplementedMachineServiceServer
	session *session
}

func registerConfigured(server *grpc.Server, s *session) {
	keep := func(service string) func(string) bool {
		return func(method string) bool { return methods[service][method] != nil }
	}
	machine, storage, state := machineapi.MachineService_ServiceDesc, storageapi.StorageService_ServiceDesc, cosi.State_ServiceDesc
	register(server, machine, &machineService{session: s}, keep(machine.ServiceName))
	register(server, storage, &storageService{session: s}, keep(storage.ServiceName))
	register(server, state, newStateService(s), keep(state.ServiceName))
}

// controlPlaneOnly refuses on a worker.
func (m *machineService) controlPlaneOnly(method string) error {
	if m.session.isControlPlane() {
		return nil
	}
	return status.Errorf(codes.Unimplemented, "%s is only available on control plane nodes", method)
}

// Version tells what is installed.
func (m *machineService) Version(context.Context, *emptypb.Empty) (*machineapi.VersionResponse, error) {
	info := &machineapi.VersionInfo{
		Tag:       m.session.version(),
		GoVersion: runtime.Version(),
		Os:        "linux",
		Arch:      m.session.node.opts.Hardware.Arch,
	}
	return &machineapi.VersionResponse{Messages: []*machineapi.Version{{
		Version:  info,
		Platform: &machineapi.PlatformInfo{Name: constants.PlatformMetal, Mode: metal{}.String()},
		Features: &machineapi.FeaturesInfo{Rbac: rbacEnabled(m.session.config())},
	}}}, nil
}

// Hostname tells the machine's name.
func (m *machineService) Hostname(context.Context, *emptypb.Empty) (*machineapi.HostnameResponse, error) {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	return &machineapi.HostnameResponse{Messages: []*machineapi.Hostname{{Hostname: m.session.network.hostname}}}, nil
}

// ImagePull fetches an image for pods to come. Nothing is kept of it: what a container runs, its kubelet knows.
func (m *machineService) ImagePull(_ context.Context, req *machineapi.ImagePullRequest) (*machineapi.ImagePullResponse, error) {
	if pull := m.session.node.opts.Pull; pull != nil {
		if err := pull(req.GetReference()); err != nil {
			return nil, status.Errorf(codes.NotFound, "error pulling image: %s", err)
		}
	}
	return &machineapi.ImagePullResponse{Messages: []*machineapi.ImagePull{{}}}, nil
}

// Memory tells how much there is. How much of it is used is not simulated: all of it is free.
func (m *machineService) Memory(context.Context, *emptypb.Empty) (*machineapi.MemoryResponse, error) {
	kib := m.session.node.opts.Hardware.Memory >> 10
	return &machineapi.MemoryResponse{Messages: []*machineapi.Memory{{
		Meminfo: &machineapi.MemInfo{Memtotal: kib, Memfree: kib, Memavailable: kib},
	}}}, nil
}

// SystemStat tells when the machine booted.
func (m *machineService) SystemStat(context.Context, *emptypb.Empty) (*machineapi.SystemStatResponse, error) {
	return &machineapi.SystemStatResponse{Messages: []*machineapi.SystemStat{{
		BootTime: uint64(m.session.started.Unix()),
	}}}, nil
}

// ServiceList tells the state of every service.
func (m *machineService) ServiceList(ctx context.Context, _ *emptypb.Empty) (*machineapi.ServiceListResponse, error) {
	return &machineapi.ServiceListResponse{Messages: []*machineapi.ServiceList{{
		Services: m.session.services.list(ctx),
	}}}, nil
}

// GenerateClientConfiguration signs a client certificate, and makes a talosconfig of it.
func (m *machineService) GenerateClientConfiguration(_ context.Context, req *machineapi.GenerateClientConfigurationRequest) (*machineapi.GenerateClientConfigurationResponse, error) {
	if m.session.isWorker() {
		return nil, status.Error(codes.FailedPrecondition, "client configuration (talosconfig) can't be generated on worker nodes")
	}
	lifetime := req.GetCrtTtl().AsDuration()
	if lifetime <= 0 {
		return nil, status.Error(codes.InvalidArgument, "crt_ttl should be positive")
	}
	cfg := m.session.config()
	bundle, err := secrets.NewBundleFromConfig(secrets.NewFixedClock(time.Now()), cfg)
	if err != nil {
		return nil, err
	}
	roles, _ := role.Parse(req.GetRoles())
	cert, err := bundle.GenerateTalosAPIClientCertificateWithTTL(roles, lifetime)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	talosconfig, err := clientconfig.NewConfig(cfg.K8sClusterConfig().ClusterName(), nil, bundle.Certs.OS.Crt, cert).Bytes()
	if err != nil {
		return nil, err
	}
	return &machineapi.GenerateClientConfigurationResponse{Messages: []*machineapi.GenerateClientConfiguration{{
		Ca: bundle.Certs.OS.Crt, Crt: cert.Crt, Key: cert.Key, Talosconfig: talosconfig,
	}}}, nil
}
