package node_test

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/rack/node"
)

// tasks are those that ended or began until the node closed the connection.
func tasks(ctx context.Context, t *testing.T, c *client.Client, actor func() string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	events := make(chan client.EventResult, 1000)
	if err := c.EventsWatchV2(ctx, events, client.WithTailEvents(-1)); err != nil {
		t.Fatal(err)
	}
	id := actor()
	var names []string
	for result := range events {
		if result.Error != nil {
			return names
		}
		task, ok := result.Event.Payload.(*machineapi.TaskEvent)
		if ok && result.Event.ActorID == id && task.GetAction() == machineapi.TaskEvent_START {
			names = append(names, task.GetTask())
		}
	}
	return names
}

func resetRequest(graceful, reboot bool, labels ...string) *machineapi.ResetRequest {
	req := &machineapi.ResetRequest{Graceful: graceful, Reboot: reboot}
	for _, label := range labels {
		req.SystemPartitionsToWipe = append(req.SystemPartitionsToWipe, &machineapi.ResetPartitionSpec{Label: label, Wipe: true})
	}
	return req
}

func TestReset_OfBothPartitionsKeepsTheInstallation(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	if err := admin.Bootstrap(t.Context(), &machineapi.BootstrapRequest{}); err != nil {
		t.Fatal(err)
	}
	got := tasks(t.Context(), t, admin, func() string {
		resp, err := admin.ResetGenericWithResponse(t.Context(), resetRequest(false, true, "STATE", "EPHEMERAL"))
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetMessages()[0].GetActorId()
	})
	want := []string{"sendResetSignal", "stopServicesForUpgrade", "stopAllServices", "resetSystemDiskSpec", "reboot"}
	if !slices.Equal(got, want) {
		t.Errorf("tasks %v, want %v", got, want)
	}
	n.await(t, node.Maintenance)
	if n.kube.HasEtcdData() {
		t.Error("etcd's data is still there")
	}
	disks, err := n.insecure(t).Disks(t.Context())
	if err != nil || !disks.GetMessages()[0].GetDisks()[0].GetSystemDisk() {
		t.Errorf("the system disk was wiped: %v, %v", disks, err)
	}
	// It is installed already, so the next config skips the installer and the reboot after it.
	n.seen()
	apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane))
	n.await(t, node.Running)
	if got := n.seen(); !slices.Equal(got, []node.State{node.Booting, node.Running}) {
		t.Errorf("states %v", got)
	}
}

func TestEvents_AreCompleteWhenTheNodePassesThemOnToItself(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	ctx := client.WithNodes(t.Context(), n.address.String())
	got := tasks(ctx, t, admin, func() string {
		id, err := admin.RebootWithResponse(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return id.GetMessages()[0].GetActorId()
	})
	if want := []string{"stopServicesForUpgrade", "stopAllServices", "reboot"}; !slices.Equal(got, want) {
		t.Errorf("tasks %v, want %v", got, want)
	}
}

func TestBoot_ThatFailsStartsAgain(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	n.kube.bootErr = errors.New("no such flag")
	n.await(t, node.Maintenance)
	apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane))
	eventually(t, func() bool { return n.Err() != nil })
	if want := "boot sequence: task startAllServices: no such flag"; n.Err().Error() != want {
		t.Errorf("Err: %v, want %s", n.Err(), want)
	}
	n.kube.mu.Lock()
	n.kube.bootErr = nil
	n.kube.mu.Unlock()
	n.await(t, node.Running)
}

func TestReset_OfEphemeralKeepsTheConfig(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	if err := n.admin(t, c).ResetGeneric(t.Context(), resetRequest(false, true, "EPHEMERAL")); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Rebooting)
	n.await(t, node.Running)
	if got := n.kube.shutdowns; !slices.Contains(got, true) {
		t.Errorf("Kubernetes was not wiped: %v", got)
	}
}

func TestReset_OfTheWholeDiskPowersOffAndForgetsAll(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	if err := n.admin(t, c).Reset(t.Context(), false, false); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Off)
	n.PowerOn()
	n.await(t, node.Maintenance)
	disks, err := n.insecure(t).Disks(t.Context())
	if err != nil || disks.GetMessages()[0].GetDisks()[0].GetSystemDisk() {
		t.Errorf("still installed: %v, %v", disks, err)
	}
}

func TestReset_CannotGracefullyRemoveTheLastEtcdMember(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	if err := admin.Bootstrap(t.Context(), &machineapi.BootstrapRequest{}); err != nil {
		t.Fatal(err)
	}
	if err := admin.ResetGeneric(t.Context(), resetRequest(true, true, "STATE", "EPHEMERAL")); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Rebooting)
	n.await(t, node.Running)
	want := "reset sequence: task leaveEtcd: etcdserver: re-configuration failed due to not enough started members"
	if err := n.Err(); err == nil || err.Error() != want {
		t.Errorf("Err: %v, want %s", err, want)
	}
	if !n.kube.HasEtcdData() {
		t.Error("etcd's data is gone")
	}
}

func TestReset_ChecksWhatItIsToWipe(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	for _, test := range []struct {
		req  *machineapi.ResetRequest
		code codes.Code
		text string
	}{
		{resetRequest(false, true, "NONE"), codes.Unknown, `failed to get volume status with label "NONE": resource VolumeStatuses.block.talos.dev(runtime/NONE@undefined) doesn't exist`},
		{resetRequest(false, true, "META"), codes.Unimplemented, "the simulated node does not wipe partition META"},
		{&machineapi.ResetRequest{UserDisksToWipe: []string{"/dev/nvme0n1"}}, codes.Unknown, "reset user disk failed: device /dev/nvme0n1 is the system disk"},
		{&machineapi.ResetRequest{UserDisksToWipe: []string{"/dev/sdx"}}, codes.Unknown, "reset user disk failed: device /dev/sdx wasn't found"},
	} {
		wantError(t, n.admin(t, c).ResetGeneric(t.Context(), test.req), test.code, test.text)
	}
}

func TestUpgrade_BootsTheNewImage(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	_, err := admin.Upgrade(t.Context(), "ghcr.io/siderolabs/installer", false, false)
	wantError(t, err, codes.Unknown, `error validating installer image "ghcr.io/siderolabs/installer": `+
		`installer image "ghcr.io/siderolabs/installer": no tag, so no Talos version to install; write IMAGE:vX.Y.Z`)
	for _, stage := range []bool{false, true} {
		tag := map[bool]string{false: "v1.11.2", true: "v1.11.3"}[stage]
		if _, err := admin.Upgrade(t.Context(), "ghcr.io/siderolabs/installer:"+tag, stage, false); err != nil {
			t.Fatal(err)
		}
		n.await(t, node.Rebooting)
		n.await(t, node.Running)
		awaitAPI(t, admin)
		version, err := admin.Version(t.Context())
		if err != nil || version.GetMessages()[0].GetVersion().GetTag() != tag {
			t.Errorf("version: %v, %v; want %s", version, err, tag)
		}
	}
}

// An etcd that is killed costs its cluster an election, one that is stopped hands its leadership over.
func TestReboot_StopsKubernetesInOrderAndAPowerCutDoesNot(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	if err := n.admin(t, c).Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Rebooting)
	n.await(t, node.Running)
	n.Crash()
	n.await(t, node.Rebooting)
	n.await(t, node.Running)
	n.kube.mu.Lock()
	defer n.kube.mu.Unlock()
	if want := []bool{false, true}; !slices.Equal(n.kube.abrupt, want) {
		t.Errorf("abrupt %v, want %v", n.kube.abrupt, want)
	}
}

func TestShutdown_StaysOffOverARestart(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	if err := n.admin(t, c).Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Off)
	n.stop()
	n.start(t)
	time.Sleep(50 * time.Millisecond)
	if n.State() != node.Off {
		t.Errorf("it is %s after a restart", n.State())
	}
	n.PowerOn()
	n.await(t, node.Running)
}

func TestRestart_ContinuesFromDisk(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	booted := bootID(t, n.admin(t, c))
	if err := os.WriteFile(n.kube.machine.Dir+"/kept", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n.stop()
	n.start(t)
	n.await(t, node.Running)
	if bootID(t, n.admin(t, c)) == booted {
		t.Error("the boot id is still the same")
	}
	if _, err := os.Stat(n.kube.machine.Dir + "/kept"); err != nil {
		t.Error("EPHEMERAL is gone")
	}
}

func TestPowerCut_LosesNothingOnDisk(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	n.PowerOff()
	n.await(t, node.Off)
	if n.kube.running {
		t.Error("Kubernetes still runs")
	}
	n.PowerOn()
	n.await(t, node.Running)
	n.Crash()
	n.await(t, node.Rebooting)
	n.await(t, node.Running)
	if n.kube.boots != 3 {
		t.Errorf("booted %d times, want 3", n.kube.boots)
	}
}

func TestPowerCut_DuringInstallationLeavesMaintenance(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(o *node.Options) { o.Timing.Install = time.Minute })
	n.await(t, node.Maintenance)
	apply(t, n.insecure(t), newCluster(t, n.address).config(t, machine.TypeControlPlane))
	n.await(t, node.Installing)
	n.Crash()
	n.await(t, node.Maintenance)
}

func TestEvents_BeginWithAnEmptyOne(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	stream, err := n.admin(t, c).Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil || first.GetData().GetTypeUrl() != "" || len(first.GetData().GetValue()) != 0 {
		t.Errorf("first event: %v, %v", first, err)
	}
}

// ephemeralOfASize is a document of a config.
const ephemeralOfASize = "\n---\napiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nprovisioning:\n  maxSize: 10GiB\n"

// encrypted has a config want both of Talos's own volumes encrypted.
func encrypted(cfg *v1alpha1.Config) {
	keys := []*v1alpha1.EncryptionKey{{KeySlot: 0, KeyNodeID: &v1alpha1.EncryptionKeyNodeID{}}}
	volume := &v1alpha1.EncryptionConfig{EncryptionProvider: "luks2", EncryptionKeys: keys}
	cfg.MachineConfig.MachineSystemDiskEncryption = &v1alpha1.SystemDiskEncryptionConfig{StatePartition: volume, EphemeralPartition: volume}
}

func TestBoot_WaitsForAVolumeThatWasMadeInTheClear(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	n.seen()
	_, err := n.admin(t, c).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, encrypted), Mode: machineapi.ApplyConfigurationRequest_REBOOT,
	})
	if err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Rebooting)
	n.await(t, node.Booting)
	eventually(t, func() bool { return n.Err() != nil })
	if want := ": block dev type mismatch: xfs != luks"; !strings.Contains(n.Err().Error(), want) {
		t.Errorf("Err: %v, want %s", n.Err(), want)
	}
	time.Sleep(10 * fast.Boot)
	if is := n.State(); is != node.Booting {
		t.Errorf("it is %v", is)
	}
}

// A Talos before v1.12 wipes a partition where it is.
func TestReset_HasVolumesMadeAnew(t *testing.T) {
	t.Parallel()
	for release, size := range map[string]uint64{"v1.11.1": 0, "v1.12.4": 10 << 30} {
		n := startNode(t)
		c := newCluster(t, n.address)
		n.await(t, node.Maintenance)
		with := func(cfg *v1alpha1.Config) {
			cfg.MachineConfig.MachineInstall.InstallImage = "ghcr.io/siderolabs/installer:" + release
		}
		apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane, with))
		n.await(t, node.Running)
		before, err := n.SystemVolume("EPHEMERAL")
		if err != nil || before.Encrypted || before.Size <= 10<<30 {
			t.Fatalf("%s: %+v, %v", release, before, err)
		}
		if err := n.admin(t, c).ResetGeneric(t.Context(), resetRequest(false, true, "STATE", "EPHEMERAL")); err != nil {
			t.Fatal(err)
		}
		n.await(t, node.Maintenance)
		if gone, err := n.SystemVolume("EPHEMERAL"); err == nil {
			t.Errorf("%s: it was not wiped: %+v", release, gone)
		}
		apply(t, n.insecure(t), append(c.config(t, machine.TypeControlPlane, with, encrypted), ephemeralOfASize...))
		n.await(t, node.Running)
		after, err := n.SystemVolume("EPHEMERAL")
		want := node.SystemVolume{Disk: before.Disk, Size: cmp.Or(size, before.Size), Encrypted: true}
		if err != nil || after != want {
			t.Errorf("%s: %+v, %v, want %+v", release, after, err, want)
		}
		if state, err := n.SystemVolume("STATE"); err != nil || !state.Encrypted {
			t.Errorf("%s: STATE is %+v, %v", release, state, err)
		}
	}
}
