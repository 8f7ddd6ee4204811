package node_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/rack/node"
)

const (
	rebootMode = machineapi.ApplyConfigurationRequest_REBOOT
	liveMode   = machineapi.ApplyConfigurationRequest_NO_REBOOT
)

func withLabel(cfg *v1alpha1.Config) {
	cfg.MachineConfig.MachineNodeLabels = map[string]string{"rack": "a"}
}

func withFile(cfg *v1alpha1.Config) {
	cfg.MachineConfig.MachineFiles = []*v1alpha1.MachineFile{{FileContent: "x", FilePath: "/var/x", FileOp: "create"}}
}

func TestAuto_RebootsOnlyForWhatNeedsIt(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	booted := bootID(t, admin)

	for name, change := range map[string]func(*v1alpha1.Config){
		"nothing":          func(*v1alpha1.Config) {},
		"a node label":     withLabel,
		"a sysctl":         func(cfg *v1alpha1.Config) { cfg.MachineConfig.MachineSysctls = map[string]string{"vm.swappiness": "1"} },
		"the cluster":      func(cfg *v1alpha1.Config) { cfg.ClusterConfig.AllowSchedulingOnControlPlanes = new(bool) },
		"an image":         func(cfg *v1alpha1.Config) { cfg.MachineConfig.MachineInstall.InstallImage = installerImage + "-1" },
		"KubePrism's port": func(cfg *v1alpha1.Config) { cfg.MachineConfig.MachineFeatures.KubePrismSupport.ServerPort = 7446 },
	} {
		got := apply(t, admin, c.config(t, machine.TypeControlPlane, change))
		if got.GetMode() != liveMode || got.GetModeDetails() != "Applied configuration without a reboot" {
			t.Errorf("%s: mode %s, %q", name, got.GetMode(), got.GetModeDetails())
		}
	}
	if bootID(t, admin) != booted {
		t.Error("it rebooted all the same")
	}

	got := apply(t, admin, c.config(t, machine.TypeControlPlane, withFile))
	want := "Applied configuration with a reboot: this config change can't be applied in immediate mode\ndiff:\n" +
		"--- a\n+++ b\n@@ -"
	if got.GetMode() != rebootMode || !strings.HasPrefix(got.GetModeDetails(), want) || !strings.Contains(got.GetModeDetails(), "+          path: /var/x") {
		t.Errorf("a file: mode %s, %s", got.GetMode(), got.GetModeDetails())
	}
	n.await(t, node.Rebooting)
	n.await(t, node.Running)
	awaitAPI(t, admin)
	if bootID(t, admin) == booted {
		t.Error("the boot id is still the same")
	}
	if files, _ := n.Applied().Machine().Files(); len(files) != 1 {
		t.Error("the config is not in effect")
	}
}

func TestNoReboot_RefusesWhatNeedsOne(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	_, err := n.admin(t, c).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, withFile), Mode: liveMode,
	})
	if err == nil || !strings.HasPrefix(err.Error(), "rpc error: code = InvalidArgument desc = this config change can't be applied in immediate mode\ndiff:\n") {
		t.Errorf("got %v", err)
	}
}

func TestNoReboot_TellsKubernetes(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	apply(t, n.admin(t, c), c.config(t, machine.TypeControlPlane, withLabel, func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkHostname: "renamed"}
	}))
	eventually(t, func() bool {
		n.kube.mu.Lock()
		defer n.kube.mu.Unlock()
		return len(n.kube.reconfigs) == 1 && n.kube.machine.Name == "renamed" &&
			n.kube.machine.Config.K8sNodeConfig().Labels()["rack"] == "a"
	})
}

func TestStaged_WaitsForTheNextBoot(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	resp, err := admin.ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, withLabel), Mode: machineapi.ApplyConfigurationRequest_STAGED,
	})
	if err != nil || resp.GetMessages()[0].GetModeDetails() != "Staged configuration to be applied after the next reboot" {
		t.Fatalf("%v, %v", resp, err)
	}
	if n.Applied().K8sNodeConfig().Labels()["rack"] != "" {
		t.Error("in effect already")
	}
	if err := admin.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Rebooting)
	n.await(t, node.Running)
	if n.Applied().K8sNodeConfig().Labels()["rack"] != "a" {
		t.Error("not in effect after the reboot")
	}
}

func TestTry_RollsBack(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	resp, err := n.admin(t, c).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, withLabel), Mode: machineapi.ApplyConfigurationRequest_TRY,
		TryModeTimeout: durationpb.New(200 * time.Millisecond),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "Applied configuration without a reboot\nThe config is applied in 'try' mode and will be automatically reverted back in 200ms"
	if got := resp.GetMessages()[0].GetModeDetails(); got != want {
		t.Errorf("details %q, want %q", got, want)
	}
	if n.Applied().K8sNodeConfig().Labels()["rack"] != "a" {
		t.Error("not in effect")
	}
	eventually(t, func() bool { return n.Applied().K8sNodeConfig().Labels()["rack"] == "" })
}

// A connection that stays when its address has gone would hide that the machine cannot be reached.
func TestTry_OfANetworkThatCutsTheMachineOffEndsItsConnectionsUntilItRollsBack(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	awaitAPI(t, admin)
	// The answer may be lost with the connection.
	_, _ = admin.ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) {
			cfg.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkInterfaces: v1alpha1.NetworkDeviceList{
				{DeviceInterface: "eth0", DeviceIgnore: new(true)},
			}}
		}),
		Mode: machineapi.ApplyConfigurationRequest_TRY, TryModeTimeout: durationpb.New(2 * time.Second),
	})
	eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := admin.Version(ctx)
		return err != nil
	})
	if n.Err() == nil {
		t.Error("nobody was told that it has no address")
	}
	awaitAPI(t, admin)
	n.Acknowledge()
	if err := n.Err(); err != nil {
		t.Errorf("the fault is still there: %v", err)
	}
}

func TestDryRun_ShowsTheDifferenceAndTheMode(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	for _, test := range []struct {
		change func(*v1alpha1.Config)
		mode   machineapi.ApplyConfigurationRequest_Mode
		has    string
	}{
		{withLabel, liveMode, "Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\n--- a\n+++ b\n"},
		{withFile, rebootMode, "Dry run summary:\nApplied configuration with a reboot (skipped in dry-run).\nConfig diff:\n\n--- a\n+++ b\n"},
		{func(*v1alpha1.Config) {}, liveMode, "Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\nNo changes."},
	} {
		resp, err := n.admin(t, c).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
			Data: c.config(t, machine.TypeControlPlane, test.change), Mode: machineapi.ApplyConfigurationRequest_AUTO, DryRun: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.GetMessages()[0]; got.GetMode() != test.mode || !strings.HasPrefix(got.GetModeDetails(), test.has) {
			t.Errorf("mode %s, %q; want %s, %q", got.GetMode(), got.GetModeDetails(), test.mode, test.has)
		}
	}
	if n.Applied().K8sNodeConfig().Labels()["rack"] != "" {
		t.Error("a dry run changed the config")
	}
}

func TestConfigured_RefusesInvalidConfigs(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	for name, test := range map[string]struct {
		config []byte
		text   string
	}{
		"a key of a newer Talos": {
			append([]byte("newKey: true\n"), c.config(t, machine.TypeControlPlane)...),
			"error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\nnewKey: true\n",
		},
		"no v1alpha1 document": {
			[]byte("apiVersion: v1alpha1\nkind: KmsgLogConfig\nname: x\nurl: tcp://127.0.0.1:1\n"),
			"the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := admin.ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{Data: test.config})
			wantError(t, err, codes.InvalidArgument, test.text)
		})
	}
}
