package node_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

func apply(t *testing.T, c *client.Client, config []byte) *machineapi.ApplyConfiguration {
	t.Helper()
	return applyWith(t.Context(), t, c, config)
}

func applyWith(ctx context.Context, t *testing.T, c *client.Client, config []byte) *machineapi.ApplyConfiguration {
	t.Helper()
	resp, err := c.ApplyConfiguration(ctx, &machineapi.ApplyConfigurationRequest{
		Data: config, Mode: machineapi.ApplyConfigurationRequest_AUTO,
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetMessages()[0]
}

func TestMaintenance_ShowsHardwareToStrangers(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(o *node.Options) {
		o.Hardware.Disks = []node.Disk{
			{Path: "/dev/sda", Size: 4 << 40, Type: node.DiskHDD, Serial: "H1"},
			{Path: "/dev/nvme0n1", Size: 512 << 30, Type: node.DiskNVMe, Model: "Fast", WWID: "eui.1"},
		}
	})
	n.await(t, node.Maintenance)
	c := n.insecure(t)

	disks, err := c.Disks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := disks.GetMessages()[0].GetDisks()
	if len(got) != 2 || got[0].GetType() != storageapi.Disk_HDD || got[1].GetDeviceName() != "/dev/nvme0n1" || got[1].GetWwid() != "eui.1" {
		t.Errorf("disks: %v", got)
	}
	list, err := safe.StateListAll[*block.Disk](t.Context(), c.COSI)
	if err != nil {
		t.Fatal(err)
	}
	if list.Len() != 2 || list.Get(1).TypedSpec().Transport != "sata" || !list.Get(1).TypedSpec().Rotational {
		t.Errorf("disk resources: %+v", list)
	}
	stage, err := safe.StateGetByID[*runtimeres.MachineStatus](t.Context(), c.COSI, runtimeres.MachineStatusID)
	if err != nil || stage.TypedSpec().Stage != runtimeres.MachineStageMaintenance {
		t.Errorf("machine status: %v, %v", stage, err)
	}
}

func TestMaintenance_RefusesWhatNeedsAnAdministrator(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.await(t, node.Maintenance)
	c := n.insecure(t)
	const refused = "API is not implemented in maintenance mode"

	_, err := c.Version(t.Context())
	wantError(t, err, codes.Unimplemented, refused)
	wantError(t, c.Bootstrap(t.Context(), &machineapi.BootstrapRequest{}), codes.Unimplemented, refused)
	wantError(t, c.Reset(t.Context(), true, true), codes.Unimplemented, refused)
	_, err = c.MachineClient.ServiceList(t.Context(), nil)
	wantError(t, err, codes.Unimplemented, refused)
	stream, err := c.Events(t.Context())
	if err == nil {
		_, err = stream.Recv()
	}
	wantError(t, err, codes.Unimplemented, refused)
}

func TestMaintenance_RefusesModesThatNeedAConfig(t *testing.T) {
	t.Parallel()
	n := startNode(t, booted("v1.11.1"))
	n.await(t, node.Maintenance)
	config := newCluster(t, n.address).config(t, machine.TypeControlPlane)
	for mode, text := range map[machineapi.ApplyConfigurationRequest_Mode]string{
		machineapi.ApplyConfigurationRequest_NO_REBOOT: "apply configuration --mode='no-reboot' is not supported in maintenance mode",
		machineapi.ApplyConfigurationRequest_STAGED:    "apply configuration --mode='staged' is not supported in maintenance mode",
	} {
		_, err := n.insecure(t).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{Data: config, Mode: mode})
		wantError(t, err, codes.Unimplemented, text)
	}
}

func TestMaintenance_ValidatesAgainstTheHardware(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.await(t, node.Maintenance)
	c := newCluster(t, n.address)
	for name, test := range map[string]struct {
		config []byte
		code   codes.Code
		text   string
	}{
		"a selector that matches no disk": {
			config: c.config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) {
				cfg.MachineConfig.MachineInstall.InstallDiskSelector = &v1alpha1.InstallDiskSelector{Serial: "none"}
			}),
			code: codes.InvalidArgument,
			text: "runtime configuration validation failed: 1 error occurred:\n\t* v1alpha1.Config: 1 error occurred:\n" +
				"\t* no disks matched the expression: glob(\"none\", disk.serial) && disk.transport != \"\" && !disk.readonly && !disk.cdrom\n\n\n\n",
		},
		"a Kubernetes version that this Talos does not support": {
			config: c.config(t, machine.TypeWorker, func(cfg *v1alpha1.Config) {
				cfg.MachineConfig.MachineKubelet.KubeletImage = "ghcr.io/siderolabs/kubelet:v1.38.0"
			}),
			code: codes.InvalidArgument,
			text: "runtime configuration validation failed: kubelet image is not valid: version of Kubernetes 1.38.0 is too new to be used with Talos 1.14.1",
		},
		"a key of a newer Talos": {
			config: append([]byte("newKey: true\n"), c.config(t, machine.TypeWorker)...),
			code:   codes.Unknown,
			text:   "failed to parse config: error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\nnewKey: true\n",
		},
		"no endpoint": {
			config: c.config(t, machine.TypeWorker, func(cfg *v1alpha1.Config) { cfg.ClusterConfig.ControlPlane.Endpoint = nil }),
			code:   codes.InvalidArgument,
			text: "configuration validation failed: 2 errors occurred:\n\t* v1alpha1.Config: 1 error occurred:\n" +
				"\t* cluster controlplane endpoint is required (.cluster.controlPlane.endpoint); when the endpoint is migrated to the " +
				"KubeClusterConfig document, the whole .cluster.controlPlane section should be removed " +
				"(.cluster.controlPlane.localAPIServerPort is migrated to the KubeAPIServerConfig document)\n\n\n" +
				"\t* cluster name and endpoint are required when Kubernetes is configured: " +
				"either .cluster.clusterName/.cluster.controlPlane.endpoint or the KubeClusterConfig document\n\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := n.insecure(t).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{Data: test.config})
			wantError(t, err, test.code, test.text)
		})
	}
	if n.State() != node.Maintenance {
		t.Errorf("state is %s after refused configs", n.State())
	}
}

func TestMaintenance_DryRunChangesNothing(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.await(t, node.Maintenance)
	resp, err := n.insecure(t).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: newCluster(t, n.address).config(t, machine.TypeControlPlane), DryRun: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "Dry run summary:\nNode is running in maintenance mode and does not have a config yet."
	if got := resp.GetMessages()[0].GetModeDetails(); got != want {
		t.Errorf("details %q, want %q", got, want)
	}
	if n.State() != node.Maintenance || n.Applied() != nil {
		t.Errorf("state is %s", n.State())
	}
}

// The program knows a machine by what it says in maintenance mode, wherever DHCP has put it.
func TestMaintenance_IsFoundByItsHardwareAndTellsWhereItsConfigCame(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var came []netip.Addr
	n := startNode(t, func(o *node.Options) {
		o.OnConfigured = func(at netip.Addr) {
			mu.Lock()
			defer mu.Unlock()
			came = append(came, at)
		}
	})
	n.await(t, node.Maintenance)
	card, err := spec.ParseMAC(node.DefaultHardware().Links[0].MAC)
	if err != nil {
		t.Fatal(err)
	}
	stack := &spec.Stack{Nodes: []spec.Node{{Name: "worker-1", Address: newAddress(), MAC: card}}}
	stack.Nodes[0].InstallDisk.Serial = node.DefaultHardware().Disks[0].Serial
	m, err := discover.NewFinder(stack, discover.At{Unnamed: []netip.Addr{n.address}}, nil).Find(t.Context(), "worker-1")
	if err != nil || m.Address != n.address {
		t.Fatalf("found at %s, %v", m.Address, err)
	}
	apply(t, n.insecure(t), newCluster(t, n.address).config(t, machine.TypeControlPlane))
	n.await(t, node.Running)
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(came, []netip.Addr{n.address}) {
		t.Errorf("its config came at %v", came)
	}
	if m, err := discover.NewFinder(stack, discover.At{Unnamed: []netip.Addr{n.address}}, nil).Find(t.Context(), "worker-1"); err == nil {
		t.Errorf("it was found again, at %s", m.Address)
	}
}
