package node

import (
	"fmt"
	"slices"
	"strings"

	cosi "github.com/cosi-project/runtime/api/v1alpha1"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// methods lists what a configured machine simulates, with the least role that may call it. The roles are those of
// Talos: https://www.talos.dev/latest/talos-guides/configuration/rbac/
//
// What is not here answers Unimplemented.
var methods = map[string]map[string][]role.Role{
	machineapi.MachineService_ServiceDesc.ServiceName: {
		"ApplyConfiguration":          adminOnly,
		"Bootstrap":                   adminOnly,
		"Dmesg":                       readers,
		"EtcdForfeitLeadership":       adminOnly,
		"EtcdLeaveCluster":            adminOnly,
		"EtcdMemberList":              backups,
		"EtcdRemoveMemberByID":        adminOnly,
		"EtcdRecover":                 adminOnly,
		"EtcdSnapshot":                {role.Admin, role.Operator, role.EtcdBackup},
		"EtcdStatus":                  backups,
		"Events":                      readers,
		"GenerateClientConfiguration": adminOnly,
		"Hostname":                    readers,
		"ImagePull":                   operators,
		"Kubeconfig":                  adminOnly,
		"List":                        readers,
		"Logs":                        readers,
		"LogsContainers":              readers,
		"Memory":                      readers,
		"Read":                        adminOnly,
		"Reboot":                      operators,
		"Reset":                       adminOnly,
		"ServiceList":                 readers,
		"ServiceRestart":              operators,
		"Shutdown":                    operators,
		"SystemStat":                  readers,
		"Upgrade":                     adminOnly,
		"Version":                     readers,
	},
	storageapi.StorageService_ServiceDesc.ServiceName: {"BlockDeviceWipe": adminOnly, "Disks": readers},
	cosi.State_ServiceDesc.ServiceName:                {"Get": readers, "List": readers, "Watch": readers},
}

var (
	adminOnly = []role.Role{role.Admin}
	operators = []role.Role{role.Admin, role.Operator}
	readers   = []role.Role{role.Admin, role.Operator, role.Reader}
	backups   = []role.Role{role.Admin, role.Operator, role.Reader, role.EtcdBackup}
)

// maintenanceMethods are what a machine in maintenance mode simulates. It refuses some of them itself, as a real
// machine does.
var maintenanceMethods = map[string][]string{
	machineapi.MachineService_ServiceDesc.ServiceName: {
		"ApplyConfiguration", "GenerateClientConfiguration", "Reset", "Upgrade", "Version",
	},
	storageapi.StorageService_ServiceDesc.ServiceName: {"BlockDeviceWipe", "Disks"},
	cosi.State_ServiceDesc.ServiceName:                {"Get", "List", "Watch"},
}

// allowed tells whether one of the roles may call the method on a configured machine. In maintenance mode there
// are readers only, and the methods look after themselves.
func allowed(fullMethod string, roles role.Set) bool {
	service, method, _ := strings.Cut(strings.TrimPrefix(fullMethod, "/"), "/")
	needed, simulated := methods[service][method]
	if !simulated {
		needed = adminOnly
	}
	return roles.IncludesAny(role.MakeSet(needed...))
}

// register serves the methods of a service that keep names, and leaves the others to [notSimulated].
func register(server *grpc.Server, desc grpc.ServiceDesc, impl any, keep func(method string) bool) {
	desc.Methods = slices.DeleteFunc(slices.Clone(desc.Methods), func(m grpc.MethodDesc) bool { return !keep(m.MethodName) })
	desc.Streams = slices.DeleteFunc(slices.Clone(desc.Streams), func(s grpc.StreamDesc) bool { return !keep(s.StreamName) })
	server.RegisterService(&desc, impl)
}

// notSimulated answers every method that nothing else answers.
func notSimulated(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	return status.Error(codes.Unimplemented, notSimulatedText(method))
}

// notInMaintenance answers, in maintenance mode, every method that nothing else answers.
func notInMaintenance(any, grpc.ServerStream) error { return errMaintenance }

// errMaintenance is what a machine without a config answers to a stranger.
var errMaintenance = status.Error(codes.Unimplemented, "API is not implemented in maintenance mode")

func notSimulatedText(method string) string {
	return fmt.Sprintf("the simulated node does not do %s", strings.TrimPrefix(method, "/"))
}
