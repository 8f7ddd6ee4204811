package rook

import (
	"strings"
	"testing"
	"time"
)

// noon is when the tests begin.
var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// three is a map of three hosts with a disk each, of which all have run.
func three() osdMap {
	var m osdMap
	for _, host := range []string{"a", "b", "c"} {
		m.take(host, Disk{Path: "/dev/sda", Links: []string{"/dev/disk/by-id/ata-" + host}})
	}
	m.see(noon, nil)
	return m
}

// onHosts are pools of so many copies.
func onHosts(size int) []pool {
	var p pool
	p.Replicated.Size = size
	return []pool{p}
}

func TestOSDMap_KnowsAnOSDByItsDiskAndKeepsOneWhoseDiskIsGone(t *testing.T) {
	m := three()
	fresh := Disk{Path: "/dev/sda", Links: []string{"/dev/disk/by-id/ata-c"}}
	lost := m.lostOn("c", []Disk{fresh})
	if len(lost) != 1 || lost[0].Path != "" || !lost[0].Dead || lost[0].Links[0] != "/dev/disk/by-id/ata-c" {
		t.Errorf("lost %+v", lost)
	}
	if id := m.take("c", fresh); id != 3 {
		t.Errorf("the disk that was wiped got osd.%d", id)
	}
	if id := m.take("b", Disk{Path: "/dev/sdb", Content: label{"x", 1}.String()}); id != 1 || len(m.OSDs) != 4 {
		t.Errorf("the disk of b, under another path, got osd.%d of %v", id, m.OSDs)
	}
	// The map is older than the disk, as one from a copy of etcd is.
	if id := m.take("b", Disk{Path: "/dev/sdc", Content: label{"x", 7}.String()}); id != 7 || len(m.OSDs) != 5 {
		t.Errorf("a disk that the map does not know got osd.%d of %v", id, m.OSDs)
	}
	m.OSDs[0].Down = stamp(noon)
	if err := m.purge(0); err != nil {
		t.Fatal(err)
	}
	if id := m.take("d", Disk{Path: "/dev/sda"}); id != 0 {
		t.Errorf("the lowest number that is free is 0, and it got %d", id)
	}
}

func TestOSDMap_CountsOneOutAfterTenMinutesAndNotMoreThanAQuarter(t *testing.T) {
	m := three()
	down := []string{"osd.2"}
	m.see(noon, down)
	m.see(noon.Add(outAfter-time.Second), down)
	if m.OSDs[2].Out != "" || m.downAndIn(down) != 1 {
		t.Errorf("it is out already: %+v", m.OSDs[2])
	}
	m.see(noon.Add(outAfter), down)
	if m.OSDs[2].Out == "" || m.downAndIn(down) != 0 {
		t.Errorf("it is not out: %+v", m.OSDs[2])
	}
	both := []string{"osd.1", "osd.2"}
	m.see(noon.Add(outAfter), both)
	m.see(noon.Add(3*outAfter), both)
	if m.OSDs[1].Out != "" {
		t.Errorf("two of three were counted out: %+v", m.OSDs)
	}
	// What the monitors did, they take back; what a person did, they do not.
	if err := m.out(noon, 1); err != nil {
		t.Fatal(err)
	}
	m.see(noon.Add(4*outAfter), nil)
	if m.OSDs[2].Out != "" || m.OSDs[1].Out == "" {
		t.Errorf("%+v", m.OSDs)
	}
}

func TestOSDMap_DataWithoutAPlaceWaitForADiskAndAreCopiedThen(t *testing.T) {
	m := three()
	m.place(noon, onHosts(3))
	if m.Lacking || m.copying(noon) {
		t.Errorf("nothing is missing: %+v", m)
	}
	if err := m.out(noon, 2); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(time.Hour)
	if m.place(later, onHosts(3)); !m.Lacking || m.copying(later) {
		t.Errorf("two hosts hold three copies: %+v", m)
	}
	m.take("c", Disk{Path: "/dev/sdb"})
	if m.place(later, onHosts(3)); m.Lacking || !m.copying(later) || m.copying(later.Add(backfill)) {
		t.Errorf("%+v", m)
	}
	// Where the others have room, they take it.
	m = three()
	if err := m.out(noon, 2); err != nil {
		t.Fatal(err)
	}
	if m.place(noon, onHosts(2)); m.Lacking || !m.copying(noon) || m.copying(noon.Add(backfill)) {
		t.Errorf("%+v", m)
	}
}

func TestCommand_RefusesWhatCephRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*osdMap)
		words   string
		want    string
	}{
		"out, of none":                     {nil, "osd out 7", "osd.7 does not exist"},
		"purge of one that is up":          {nil, "osd purge 2 " + sure, "Error EBUSY: osd.2 is not `down`"},
		"purge without being sure":         {nil, "osd purge 2", "Error EPERM: Are you SURE? this will mean real, permanent data loss, as well as cephx and lockbox keys. Pass " + sure + " if you really do"},
		"safe, of one that is up":          {nil, "osd safe-to-destroy 2", "Error EBUSY: OSD(s) 2 have pgs currently mapped to them"},
		"safe, while data lack copies":     {func(m *osdMap) { m.OSDs[2].Down, m.OSDs[2].Out, m.Degraded = stamp(noon), stamp(noon), true }, "osd safe-to-destroy osd.2", "Error EAGAIN: OSD(s) 2 have no reported stats, and not all PGs are active+clean; we cannot draw any conclusions"},
		"safe, of one that is down and in": {func(m *osdMap) { m.OSDs[2].Down = stamp(noon) }, "osd safe-to-destroy 2", "Error EAGAIN: OSD(s) 2 have no reported stats, and not all PGs are active+clean; we cannot draw any conclusions"},
		"safe, when all is whole again":    {func(m *osdMap) { m.OSDs[2].Down, m.OSDs[2].Out = stamp(noon), stamp(noon) }, "osd safe-to-destroy 2", ""},
		"what the rack does not know":      {nil, "osd in 2", "the rack's Ceph does not know that"},
		"no number":                        {nil, "osd out all", "invalid osd id all"},
	} {
		m := three()
		if test.prepare != nil {
			test.prepare(&m)
		}
		got := ""
		if _, err := m.run(noon, strings.Fields(test.words)); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, test.want)
		}
	}
	m := three()
	m.OSDs[2].Down = stamp(noon)
	if _, err := m.run(noon, []string{"osd", "out", "osd.2"}); err != nil {
		t.Fatal(err)
	}
	tree, err := m.run(noon, []string{"osd", "tree"})
	if want := "a osd.0 up 1.00000\nb osd.1 up 1.00000\nc osd.2 down 0"; err != nil || tree != want {
		t.Errorf("%s, %v", tree, err)
	}
}
