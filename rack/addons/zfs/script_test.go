package zfs

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/rack/addons/internal/hosttest"
	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/spec"
)

// theScript is the tree's own.
const theScript = "../../../kubernetes/apps/openebs/zfs-localpv/pools/make-pools.sh"

// disks are those of a node: one in use and three blank, the second of which has two links.
func disks(string) []rook.Disk {
	return []rook.Disk{
		{Path: "/dev/sda", Links: []string{"/dev/disk/by-id/ata-Disk_SYSTEM"}, Size: 512e9, InUse: "the system disk"},
		{Path: "/dev/sdb", Links: []string{"/dev/disk/by-id/ata-Disk_ONE"}, Size: 2e12 + 512},
		{Path: "/dev/sdc", Links: []string{"/dev/disk/by-id/ata-Disk_TWO", "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"}, Size: 2e12},
		{Path: "/dev/sdd", Links: []string{"/dev/disk/by-id/ata-Disk_ONE-AND-MORE"}, Size: 2e12},
	}
}

// pattern is what the stack file's disk becomes.
func pattern(t *testing.T, disk spec.DiskSelector) string {
	t.Helper()
	text, err := disk.LinkPattern()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// made is what the script leaves on the node, and what it says.
func made(t *testing.T, h *Hosts, pools string) (string, []Pool) {
	t.Helper()
	script, err := os.ReadFile(theScript)
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	if err := h.run(t.Context(), "worker-1", string(script), []string{"NODE_NAME=worker-1", "ZFS_POOLS=" + pools}); err != nil {
		said = err.Error()
	}
	return said, h.Pools("worker-1")
}

func TestMakePools_TakesTheNamedDisksOnceAndNoOther(t *testing.T) {
	one, two := pattern(t, spec.DiskSelector{Serial: "ONE"}), pattern(t, spec.DiskSelector{WWID: "naa.5000c500a1b2c3d4"})
	more := pattern(t, spec.DiskSelector{Path: "/dev/disk/by-id/ata-Disk_ONE-AND-MORE"})
	h := NewHosts(hosttest.New(t.TempDir(), disks), nil)
	pools := "worker-2 tank 12 stripe nothing; worker-1 tank 13 mirror " + one + " " + two + "; worker-1 fast 12 stripe " + more + ";worker-10 x 12 stripe y"
	want := []Pool{
		{Name: "tank", State: "ONLINE", Layout: "mirror", Options: []string{"legacy", "ashift=13"}, Disks: []string{"/dev/sdb", "/dev/sdc"}, Size: 2e12},
		{Name: "fast", State: "ONLINE", Options: []string{"legacy", "ashift=12"}, Disks: []string{"/dev/sdd"}, Size: 2e12},
	}
	// The second time finds everything there.
	for range 2 {
		said, got := made(t, h, pools)
		if diff := cmp.Diff(want, got); said != "" || diff != "" {
			t.Fatalf("%s\n(-want +got)%s", said, diff)
		}
	}
}

func TestMakePools_LeavesEverythingAsItIsWhenADisk(t *testing.T) {
	one := pattern(t, spec.DiskSelector{Serial: "ONE"})
	for what, test := range map[string]struct{ disks, want string }{
		"holds something": {
			one + " " + pattern(t, spec.DiskSelector{Serial: "SYSTEM"}),
			"worker-1, pool tank: /dev/disk/by-id/ata-Disk_SYSTEM holds something, and is left as it is; if nobody needs that: talosctl -n worker-1 wipe disk sda",
		},
		"is not there": {one + " " + pattern(t, spec.DiskSelector{Path: "/dev/sdx"}), "worker-1, pool tank: there is no disk /dev/sdx"},
		"is two":       {"/dev/sd[bc] " + one, "worker-1, pool tank: /dev/sd[bc] matches /dev/sdb and /dev/sdc, which are two disks"},
	} {
		t.Run(what, func(t *testing.T) {
			said, pools := made(t, NewHosts(hosttest.New(t.TempDir(), disks), nil), "worker-1 tank 12 stripe "+test.disks)
			if len(pools) > 0 || !strings.HasSuffix(said, test.want) {
				t.Errorf("%v\ngot  %s\nwant %s", pools, said, test.want)
			}
		})
	}
}

func TestMakePools_MakesTheOthersBesideAPoolThatCannotBe(t *testing.T) {
	one := pattern(t, spec.DiskSelector{Serial: "ONE"})
	said, pools := made(t, NewHosts(hosttest.New(t.TempDir(), disks), nil), "worker-1 tank 12 stripe /dev/sda;worker-1 fast 12 stripe "+one)
	if said == "" || len(pools) != 1 || pools[0].Name != "fast" {
		t.Errorf("%s: %v", said, pools)
	}
}

func TestMakePools_WantsTheHostsZpoolOnlyWhereThereIsAPool(t *testing.T) {
	h := NewHosts(hosttest.New(t.TempDir(), disks), func(string) error { return errors.New("no extension") })
	if said, _ := made(t, h, "worker-2 tank 12 stripe x"); said != "" {
		t.Errorf("on a node without pools it says %s", said)
	}
	if said, _ := made(t, h, "worker-1 tank 12 stripe /dev/sdb"); !strings.Contains(said, "no extension") {
		t.Errorf("on a node without ZFS it says %q", said)
	}
}

func TestDisks_OfAPoolAreInUse(t *testing.T) {
	h := NewHosts(hosttest.New(t.TempDir(), disks), nil)
	if said, _ := made(t, h, "worker-1 tank 12 stripe /dev/sdb"); said != "" {
		t.Fatal(said)
	}
	i := slices.IndexFunc(h.Disks("worker-1"), func(d rook.Disk) bool { return d.Path == "/dev/sdb" })
	if got := h.Disks("worker-1")[i].InUse; got != "ZFS pool tank" {
		t.Errorf("got %q", got)
	}
	if said, _ := made(t, h, "worker-1 other 12 stripe /dev/sdb"); !strings.Contains(said, "holds something") {
		t.Errorf("got %q", said)
	}
}

func TestHosts_FindPoolsThatAnotherClusterHasMade(t *testing.T) {
	machines := hosttest.New(t.TempDir(), disks)
	first := NewHosts(machines, nil)
	if _, pools := made(t, first, "worker-1 tank 12 mirror "+pattern(t, spec.DiskSelector{Serial: "ONE"})+" "+pattern(t, spec.DiskSelector{Serial: "TWO"})); len(pools) != 1 {
		t.Fatal(pools)
	}
	said, pools := made(t, NewHosts(machines, nil), "worker-1 tank 12 mirror "+pattern(t, spec.DiskSelector{Serial: "ONE"})+" "+pattern(t, spec.DiskSelector{Serial: "TWO"}))
	if said != "" || len(pools) != 1 || pools[0].Name != "tank" || pools[0].Layout != "mirror" || len(pools[0].Disks) != 2 {
		t.Errorf("%s %+v", said, pools)
	}
}
