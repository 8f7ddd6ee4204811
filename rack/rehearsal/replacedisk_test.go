package rehearsal

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

func TestLike_IsAnotherDiskAtTheSamePlace(t *testing.T) {
	old := node.Disk{Path: "/dev/sdb", Type: node.DiskHDD, Transport: "sata", Model: "WDC WD40", Serial: "OLD", WWID: "naa.5", Dead: true}
	old.Symlinks = udevLinks(old)
	is := like(old, "NEW")
	if is.Path != old.Path || is.Model != old.Model || is.Dead || is.WWID != "" || is.Serial != "NEW" {
		t.Errorf("%+v", is)
	}
	if links := strings.Join(is.Symlinks, " "); !strings.Contains(links, "_NEW") || strings.Contains(links, "OLD") || strings.Contains(links, "wwn") {
		t.Errorf("%s", links)
	}
}

func TestCephSerial_WritesTheNewDiskWhereTheOldOneWas(t *testing.T) {
	config := func() map[string]any {
		return map[string]any{"home-ops:storage": map[string]any{"rookCeph": map[string]any{"nodes": []any{
			map[string]any{"name": "worker-1", "disks": []any{map[string]any{"serial": "A"}}},
			map[string]any{"name": "worker-2", "disks": []any{map[string]any{"serial": "B"}, map[string]any{"serial": "C"}}},
		}}}}
	}
	c := config()
	if err := cephSerial("worker-2", "C", "NEW")(c); err != nil {
		t.Fatal(err)
	}
	nodes := listOf(c["home-ops:storage"].(map[string]any)["rookCeph"].(map[string]any)["nodes"])
	if a, b, changed := listOf(nodes[0]["disks"])[0]["serial"], listOf(nodes[1]["disks"])[0]["serial"], listOf(nodes[1]["disks"])[1]["serial"]; a != "A" || b != "B" || changed != "NEW" {
		t.Errorf("%v", nodes)
	}
	if err := cephSerial("worker-1", "C", "NEW")(config()); err == nil || err.Error() != "storage.rookCeph.nodes: worker-1 has no disk C" {
		t.Errorf("%v", err)
	}
}

func TestZFSDisk_IsOneThatThePoolCanLose(t *testing.T) {
	b := newBroken(t)
	onDisks(b)
	m, pool, disk, ok := b.zfsDisk()
	if !ok || m.spec.Name != "worker-1" || pool.Name != "tank" || disk.Serial != "WD-CA2K4H8P" {
		t.Errorf("%v %v %v", pool, disk, ok)
	}
	b.stack.Storage.ZFS.Pools[0].Layout = spec.ZFSStripe
	if _, pool, _, ok := b.zfsDisk(); ok {
		t.Errorf("a stripe can lose none: %v", pool)
	}
}

func TestZFSSerial_WritesTheNewDiskWhereTheOldOneWas(t *testing.T) {
	config := func() map[string]any {
		return map[string]any{"home-ops:storage": map[string]any{"zfs": map[string]any{"pools": []any{
			map[string]any{"name": "tank", "node": "worker-2", "disks": []any{map[string]any{"serial": "B"}}},
			map[string]any{"name": "tank", "node": "worker-1", "disks": []any{map[string]any{"serial": "A"}, map[string]any{"serial": "B"}}},
		}}}}
	}
	c := config()
	if err := zfsSerial(spec.ZFSPool{Name: "tank", Node: "worker-1"}, "B", "NEW")(c); err != nil {
		t.Fatal(err)
	}
	pools := listOf(c["home-ops:storage"].(map[string]any)["zfs"].(map[string]any)["pools"])
	if other, is := listOf(pools[0]["disks"])[0]["serial"], listOf(pools[1]["disks"])[1]["serial"]; other != "B" || is != "NEW" {
		t.Errorf("%v", pools)
	}
	if err := zfsSerial(spec.ZFSPool{Name: "fast", Node: "worker-1"}, "B", "NEW")(config()); err == nil || err.Error() != "storage.zfs.pools: fast of worker-1 has no disk B" {
		t.Errorf("%v", err)
	}
}
