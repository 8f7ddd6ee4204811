package node_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	storageapi "github.com/siderolabs/talos/pkg/machinery/api/storage"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"

	"github.com/home-ops/home-ops/rack/node"
)

// system and data are the disks of a machine that keeps a user volume on the second.
var (
	system = node.Disk{Path: "/dev/nvme0n1", Size: 500e9, Type: node.DiskNVMe, Serial: "SYSTEM"}
	data   = node.Disk{Path: "/dev/sda", Size: 4000e9, Type: node.DiskHDD, Serial: "DATA"}
	spare  = node.Disk{Path: "/dev/sda", Size: 4000e9, Type: node.DiskHDD, Serial: "SPARE"}
)

// dataVolume is a user volume on a disk that turns.
const dataVolume = `
---
apiVersion: v1alpha1
kind: UserVolumeConfig
name: data
provisioning:
  diskSelector:
    match: disk.rotational && !system_disk
  minSize: 100GB
`

func withDisks(t *testing.T) (*testNode, *cluster) {
	t.Helper()
	n := startNode(t, func(o *node.Options) { o.Hardware.Disks = []node.Disk{system, data} })
	c := newCluster(t, n.address)
	n.await(t, node.Maintenance)
	apply(t, n.insecure(t), append(c.config(t, machine.TypeControlPlane), dataVolume...))
	n.await(t, node.Running)
	return n, c
}

func TestDiskDies_AVolumeStaysMountedAndFailsUntilTheNextBoot(t *testing.T) {
	t.Parallel()
	n, c := withDisks(t)
	phase := func() block.VolumePhase {
		t.Helper()
		status, err := safe.StateGetByID[*block.VolumeStatus](t.Context(), n.admin(t, c).COSI, "u-data")
		if err != nil {
			t.Fatal(err)
		}
		return status.TypedSpec().Phase
	}
	if d, err := n.Mounted("data"); err != nil || d.Serial != "DATA" || phase() != block.VolumePhaseReady {
		t.Fatalf("%+v, %v", d, err)
	}
	n.seen()
	if err := n.DiskDies(data.Path, node.Vanished); err != nil {
		t.Fatal(err)
	}
	if d, err := n.Mounted("data"); d.Serial != "DATA" || err == nil || err.Error() != "input/output error" {
		t.Errorf("%+v, %v", d, err)
	}
	if got := phase(); got != block.VolumePhaseFailed || n.Err() == nil || !strings.Contains(n.Err().Error(), "no disks matched selector for volume") {
		t.Errorf("%s, %v", got, n.Err())
	}
	// A blank one is laid out at once; what uses the volume still has the old mount.
	if err := n.PutIn(spare); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Mounted("data"); phase() != block.VolumePhaseReady || err == nil {
		t.Errorf("%s, %v", phase(), err)
	}
	if got := n.seen(); len(got) > 0 {
		t.Errorf("the machine went through %v", got)
	}
	n.PowerOff()
	n.await(t, node.Off)
	n.PowerOn()
	n.await(t, node.Running)
	if d, err := n.Mounted("data"); err != nil || d.Serial != "SPARE" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestDiskDies_OneThatIsStillListedIsNotLaidOutAgain(t *testing.T) {
	t.Parallel()
	n, _ := withDisks(t)
	if err := n.DiskDies(data.Path, node.Failing); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Mounted("data"); err == nil || !slices.ContainsFunc(n.Disks(), func(d node.Disk) bool { return d.Dead && d.Serial == "DATA" }) {
		t.Errorf("%v: %+v", err, n.Disks())
	}
	n.PowerOff()
	n.await(t, node.Off)
	n.PowerOn()
	n.await(t, node.Running)
	if _, err := n.Mounted("data"); err == nil || err.Error() != "stat /var/mnt/data: no such file or directory" {
		t.Errorf("%v", err)
	}
	if err := n.PutIn(spare); err == nil || !strings.Contains(err.Error(), "/dev/sda is there twice") {
		t.Errorf("two disks at one place: %v", err)
	}
	if err := n.DiskDies("/dev/sdx", node.Vanished); err == nil || !strings.Contains(err.Error(), "it has no disk /dev/sdx") {
		t.Errorf("%v", err)
	}
}

func TestDiskDies_WithoutItsSystemDiskAMachineBootsWhenThereIsABlankOne(t *testing.T) {
	t.Parallel()
	n, c := withDisks(t)
	if err := n.DiskDies(system.Path, node.Vanished); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Off)
	// Nor does the power switch help.
	n.PowerOff()
	n.PowerOn()
	ctx, cancel := context.WithTimeout(t.Context(), 10*fast.Reboot)
	defer cancel()
	if err := n.WaitFor(ctx, node.Maintenance, node.Booting, node.Running); err == nil {
		t.Fatal("it boots without a system disk")
	}
	fresh := system
	fresh.Serial = "FRESH"
	if err := n.PutIn(fresh); err != nil {
		t.Fatal(err)
	}
	n.await(t, node.Maintenance)
	if n.InstalledImage() != "" || n.kube.HasEtcdData() {
		t.Errorf("what was on the dead disk is there: %q", n.InstalledImage())
	}
	apply(t, n.insecure(t), append(c.config(t, machine.TypeControlPlane), dataVolume...))
	n.await(t, node.Running)
	if d, err := n.Mounted("data"); err != nil || d.Serial != "DATA" {
		t.Errorf("the disk beside it: %+v, %v", d, err)
	}
	occupied, err := n.Occupied()
	if err != nil || occupied["/dev/nvme0n1"] != "the system disk" || occupied["/dev/sda"] != "volume u-data" {
		t.Errorf("%v, %v", occupied, err)
	}
}

// A user volume has the same file system until its partition or its disk is gone, and a disk what was written onto it until it is
// wiped.
func TestContents_OutliveAResetButForWhatItWipes(t *testing.T) {
	t.Parallel()
	n, c := withDisks(t)
	filesystem := func() string {
		t.Helper()
		m, err := n.Mounted("data")
		if err != nil || m.Filesystem == "" {
			t.Fatalf("%+v, %v", m, err)
		}
		return m.Filesystem
	}
	folder := func(path string) string {
		t.Helper()
		dir, err := n.HostPath(path)
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	first, store, rook := filesystem(), folder("/var/mnt/data/mon-a"), folder("/var/lib/rook")
	for _, dir := range []string{store, rook} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.HostPath("/opt/rook"); err == nil || err.Error() != "mkdir /opt/rook: read-only file system" {
		t.Error(err)
	}
	again := func(labels ...string) {
		t.Helper()
		req := &machineapi.ResetRequest{Reboot: true}
		for _, label := range labels {
			req.SystemPartitionsToWipe = append(req.SystemPartitionsToWipe, &machineapi.ResetPartitionSpec{Label: label, Wipe: true})
		}
		if err := n.admin(t, c).ResetGeneric(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		n.await(t, node.Maintenance)
	}
	configured := func() {
		t.Helper()
		apply(t, n.insecure(t), append(c.config(t, machine.TypeControlPlane), dataVolume...))
		n.await(t, node.Running)
	}
	again("STATE", "EPHEMERAL")
	configured()
	if got := filesystem(); got != first || folder("/var/mnt/data/mon-a") != store {
		t.Errorf("a reset made the user volume anew")
	}
	if _, err := os.Stat(rook); err == nil {
		t.Error("what was on EPHEMERAL is still there")
	}
	again("STATE", "EPHEMERAL", "u-data")
	configured()
	if filesystem() == first {
		t.Error("the user volume is the one that was to be wiped")
	}

	// At its console, from the boot menu.
	first = filesystem()
	if err := n.ResetAtConsole(); err == nil || !strings.Contains(err.Error(), "its boot menu shows after it was off") {
		t.Error(err)
	}
	n.PowerOff()
	n.await(t, node.Off)
	if err := n.ResetAtConsole(); err != nil {
		t.Fatal(err)
	}
	n.PowerOn()
	n.await(t, node.Maintenance)
	configured()
	if filesystem() != first {
		t.Error("a reset at the console made the user volume anew")
	}
	again("STATE", "EPHEMERAL")

	wipe := func(device string, method storageapi.BlockDeviceWipeDescriptor_Method) error {
		_, err := n.insecure(t).StorageClient.BlockDeviceWipe(t.Context(), &storageapi.BlockDeviceWipeRequest{
			Devices: []*storageapi.BlockDeviceWipeDescriptor{{Device: device, Method: method}},
		})
		return err
	}
	const fast, zeroes = storageapi.BlockDeviceWipeDescriptor_FAST, storageapi.BlockDeviceWipeDescriptor_ZEROES
	for _, test := range []struct {
		device  string
		method  storageapi.BlockDeviceWipeDescriptor_Method
		content string
		says    string
	}{
		{"sdx", zeroes, "ceph", `blockdevice "sdx" not found`},
		{"nvme0n1", zeroes, "ceph", `blockdevice "nvme0n1" is in use`},
		{"sda", fast, "ceph", ""},
		{"sda", zeroes, "", ""},
	} {
		if err := n.Write("/dev/sda", "ceph"); err != nil {
			t.Fatal(err)
		}
		err := wipe(test.device, test.method)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v", test.device, err)
		}
		if got, err := n.Content("/dev/sda"); got != test.content || err != nil {
			t.Errorf("after %s of %s the disk has %q, %v", test.method, test.device, got, err)
		}
	}
	// Configured again, a new volume is on the disk, which no wipe takes then.
	configured()
	if filesystem() == first {
		t.Error("the volume outlived its disk's wipe")
	}
	_, err := n.admin(t, c).StorageClient.BlockDeviceWipe(t.Context(), &storageapi.BlockDeviceWipeRequest{
		Devices: []*storageapi.BlockDeviceWipeDescriptor{{Device: "sda", Method: zeroes}},
	})
	if err == nil || !strings.Contains(err.Error(), `blockdevice "sda" is in use by volume "u-data"`) {
		t.Error(err)
	}
}
