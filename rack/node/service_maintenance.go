package node

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	cosi "github.com/cosi-project/runtime/api/v1alpha1"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// maintenanceService is the machine API without a config. What it refuses, it refuses to strangers: a real
// machine would do it for an administrator who comes over SideroLink, which is not simulated.
type maintenanceService struct {
	machineapi.UnimplementedMachineServiceServer
	session *session
}

func registerMaintenance(server *grpc.Server, s *session) {
	keep := func(service string) func(string) bool {
		return func(method string) bool { return slices.Contains(maintenanceMethods[service], method) }
	}
	machine, storage, state := machineapi.MachineService_ServiceDesc, storageapi.StorageService_ServiceDesc, cosi.State_ServiceDesc
	register(server, machine, &maintenanceService{session: s}, keep(machine.ServiceName))
	register(server, storage, &storageService{session: s}, keep(storage.ServiceName))
	register(server, state, newStateService(s), keep(state.ServiceName))
}

// ApplyConfiguration validates a config against the hardware, and leaves maintenance mode with it.
func (m *maintenanceService) ApplyConfiguration(ctx context.Context, req *machineapi.ApplyConfigurationRequest) (*machineapi.ApplyConfigurationResponse, error) {
	modes := []machineapi.ApplyConfigurationRequest_Mode{
		machineapi.ApplyConfigurationRequest_TRY, machineapi.ApplyConfigurationRequest_REBOOT, machineapi.ApplyConfigurationRequest_AUTO,
	}
	if TakesAllLive(m.session.version()) {
		modes = append(modes, machineapi.ApplyConfigurationRequest_NO_REBOOT)
	}
	if !slices.Contains(modes, req.GetMode()) {
		mode := strings.ReplaceAll(strings.ToLower(req.GetMode().String()), "_", "-")
		return nil, status.Errorf(codes.Unimplemented, "apply configuration --mode='%s' is not supported in maintenance mode", mode)
	}
	cfg, err := m.session.parse(req.GetData())
	if err != nil {
		return nil, fmt.Errorf("failed to parse config: %w", err)
	}
	warnings, err := validateFor(cfg, metal{})
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "configuration validation failed: %s", err)
	}
	more, err := m.session.validateHere(ctx, cfg, metal{})
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "runtime configuration validation failed: %s", err)
	}
	result := &machineapi.ApplyConfiguration{Warnings: slices.Concat(warnings, more)}
	if req.GetDryRun() {
		result.ModeDetails = "Dry run summary:\nNode is running in maintenance mode and does not have a config yet."
		return &machineapi.ApplyConfigurationResponse{Messages: []*machineapi.ApplyConfiguration{result}}, nil
	}
	select {
	case m.session.configured <- cfg:
		if at, ok := localAddress(ctx); ok && m.session.node.opts.OnConfigured != nil && cfg.CompleteForBoot() {
			m.session.node.opts.OnConfigured(at)
		}
		return &machineapi.ApplyConfigurationResponse{Messages: []*machineapi.ApplyConfiguration{result}}, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// localAddress is the machine's own end of a caller's connection.
func localAddress(ctx context.Context) (netip.Addr, bool) {
	p, ok := peer.FromContext(ctx)
	if !ok || p.LocalAddr == nil {
		return netip.Addr{}, false
	}
	at, err := netip.ParseAddrPort(p.LocalAddr.String())
	return at.Addr(), err == nil
}

// GenerateClientConfiguration is refused: there is no CA to sign with.
func (*maintenanceService) GenerateClientConfiguration(context.Context, *machineapi.GenerateClientConfigurationRequest) (*machineapi.GenerateClientConfigurationResponse, error) {
	return nil, status.Error(codes.Unimplemented, "client configuration (talosconfig) can't be generated in the maintenance mode")
}

// Reset is refused to strangers.
func (*maintenanceService) Reset(context.Context, *machineapi.ResetRequest) (*machineapi.ResetResponse, error) {
	return nil, errMaintenance
}

// Upgrade is refused to strangers.
func (*maintenanceService) Upgrade(context.Context, *machineapi.UpgradeRequest) (*machineapi.UpgradeResponse, error) {
	return nil, errMaintenance
}

// Version is refused to strangers.
func (*maintenanceService) Version(context.Context, *emptypb.Empty) (*machineapi.VersionResponse, error) {
	return nil, errMaintenance
}
