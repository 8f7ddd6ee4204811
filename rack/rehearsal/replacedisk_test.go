package rehearsal

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/node"
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
