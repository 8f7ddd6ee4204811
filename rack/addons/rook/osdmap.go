package rook

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

const (
	// mapName is the ConfigMap in which the rack keeps what Ceph's monitors know of the OSDs: an OSD is there from its first start
	// until it is purged, whatever becomes of its Deployment and its disk.
	mapName = "rack-ceph-osd-map"
	mapKey  = "map"
	// outAfter is how long an OSD is down before the monitors count it out
	// (https://docs.ceph.com/en/latest/rados/configuration/mon-osd-interaction/, mon_osd_down_out_interval).
	outAfter = 10 * time.Minute
	// leastIn is the share of the OSDs below which they count none out (mon_osd_min_in_ratio there).
	leastIn = 0.75
)

// osdMap is what Ceph knows of its OSDs.
type osdMap struct {
	OSDs []osd `json:"osds"`
	// Lacking says that some pool has more copies than there are places for them; Placed is when that ended.
	Lacking bool   `json:"lacking,omitempty"`
	Placed  string `json:"placed,omitempty"`
	// Degraded says that not all placement groups are active and clean.
	Degraded bool `json:"degraded,omitempty"`
}

// osd is one of them.
type osd struct {
	ID   int    `json:"id"`
	Host string `json:"host"`
	// Path and Links are the names of its disk when it was made.
	Path  string   `json:"path"`
	Links []string `json:"links,omitempty"`
	// Ran says that it has run once.
	Ran bool `json:"ran,omitempty"`
	// Down and Out are since when it is; Auto says that nobody has told it to be out.
	Down string `json:"down,omitempty"`
	Out  string `json:"out,omitempty"`
	Auto bool   `json:"auto,omitempty"`
}

func (o osd) called() string { return fmt.Sprintf("osd.%d", o.ID) }

// on reports whether a disk is the one that it keeps its data on: another one, or what a wipe has left, may have its names.
func (o osd) on(d Disk) bool {
	l, ok := d.label()
	return ok && l.id == o.ID
}

// readMap is the map that is kept, and the revision of its object; empty for a cluster that has none yet.
func readMap(kept *corev1.ConfigMap) (m osdMap, revision string, err error) {
	if kept == nil {
		return m, "", nil
	}
	if err := json.Unmarshal([]byte(kept.Data[mapKey]), &m); err != nil {
		return m, "", fmt.Errorf("ConfigMap %s: %w", mapName, err)
	}
	return m, kept.ResourceVersion, nil
}

func (m osdMap) text() (string, error) {
	text, err := json.Marshal(m)
	return string(text), err
}

// loadMap reads the map of a cluster.
func (p *pass) loadMap(namespace string) (osdMap, string, error) {
	return readMap(cluster.Find[corev1.ConfigMap](p.Cluster, cluster.ConfigMaps, namespace, mapName))
}

// saveMap keeps the map, if it has changed since it was read. It fails when somebody has changed it meanwhile: the next pass sees how.
func (p *pass) saveMap(c *cephCluster, before, m osdMap, revision string) error {
	was, errWas := before.text()
	is, errIs := m.text()
	if err := errors.Join(errWas, errIs); err != nil || was == is {
		return err
	}
	return p.Apply(p.ctx, cluster.ConfigMaps, &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Name: mapName, Namespace: c.Namespace, ResourceVersion: revision,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "ceph.rook.io/v1", Kind: "CephCluster", Name: c.Name, UID: uid(string(c.UID))}},
		},
		Data: map[string]string{mapKey: is},
	})
}

// clone is a copy that shares nothing that is changed.
func (m osdMap) clone() osdMap {
	m.OSDs = slices.Clone(m.OSDs)
	return m
}

// lostOn are the disks of a host's OSDs that the host does not list any more. A path that another disk has now is not theirs.
func (m osdMap) lostOn(host string, disks []Disk) []Disk {
	var lost []Disk
	for _, o := range m.OSDs {
		if o.Host != host || slices.ContainsFunc(disks, o.on) {
			continue
		}
		d := Disk{Path: o.Path, Links: o.Links, Content: label{id: o.ID}.String(), Dead: true, lost: true}
		if slices.ContainsFunc(disks, func(other Disk) bool { return other.Path == o.Path }) {
			d.Path = ""
		}
		lost = append(lost, d)
	}
	return lost
}

// take is the number of a disk's OSD: of a new one for a blank disk, which gets the lowest number that is free.
func (m *osdMap) take(host string, d Disk) int {
	id := 0
	if l, ok := d.label(); ok {
		if id = l.id; m.index(id) >= 0 {
			return id
		}
	}
	for m.index(id) >= 0 {
		id++
	}
	m.OSDs = append(m.OSDs, osd{ID: id, Host: host, Path: d.Path, Links: d.Links})
	slices.SortFunc(m.OSDs, func(a, b osd) int { return a.ID - b.ID })
	return id
}

// see notes which OSDs are down at a moment, and counts out those that are so for long.
func (m *osdMap) see(now time.Time, down []string) {
	for i := range m.OSDs {
		o := &m.OSDs[i]
		switch isDown := slices.Contains(down, o.called()); {
		case !isDown:
			o.Ran, o.Down = true, ""
			if o.Auto {
				o.Out, o.Auto = "", false
			}
		case !o.Ran:
		case o.Down == "":
			o.Down = stamp(now)
		case o.Out == "" && now.Sub(moment(o.Down)) >= outAfter && m.in() >= leastIn:
			o.Out, o.Auto = stamp(now), true
		}
	}
}

// in is the share of the OSDs that are in.
func (m *osdMap) in() float64 {
	in := 0
	for _, o := range m.OSDs {
		if o.Out == "" {
			in++
		}
	}
	return float64(in) / float64(len(m.OSDs))
}

// place notes whether each of the pools that are kept on so many hosts, or OSDs, has a place for each copy.
func (m *osdMap) place(now time.Time, pools []pool) {
	hosts, osds := map[string]bool{}, 0
	for _, o := range m.OSDs {
		if o.Out == "" {
			hosts[o.Host] = true
			osds++
		}
	}
	lacking := slices.ContainsFunc(pools, func(one pool) bool {
		return one.Replicated.Size > map[string]int{"host": len(hosts), "osd": osds}[domain(one)]
	})
	if m.Lacking && !lacking {
		m.Placed = stamp(now)
	}
	m.Lacking = lacking
}

// copying reports whether data that have a place are still on their way there.
func (m osdMap) copying(now time.Time) bool {
	moments := []string{m.Placed}
	for _, o := range m.OSDs {
		moments = append(moments, o.Out)
	}
	return slices.ContainsFunc(moments, func(text string) bool { return text != "" && now.Sub(moment(text)) < backfill })
}

// downAndIn counts the OSDs that Ceph warns of: one that is out is missed no more.
func (m osdMap) downAndIn(down []string) int {
	count := 0
	for _, o := range m.OSDs {
		if o.Out == "" && slices.Contains(down, o.called()) {
			count++
		}
	}
	return count
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// out, safe and purge are Ceph's commands of these names.
func (m *osdMap) out(now time.Time, id int) error {
	i := m.index(id)
	switch {
	case i < 0:
		return fmt.Errorf("osd.%d does not exist", id)
	case m.OSDs[i].Out == "":
		m.OSDs[i].Out = stamp(now)
	}
	m.OSDs[i].Auto = false
	return nil
}

// safe follows what the manager asks before it lets an OSD be destroyed
// (https://docs.ceph.com/en/latest/rados/operations/add-or-rm-osds/).
func (m *osdMap) safe(id int) error {
	i := m.index(id)
	switch {
	case i < 0:
		return nil
	case m.OSDs[i].Down == "":
		return fmt.Errorf("Error EBUSY: OSD(s) %d have pgs currently mapped to them", id) //nolint:staticcheck // Ceph's words
	case m.Degraded || m.OSDs[i].Out == "":
		return fmt.Errorf("Error EAGAIN: OSD(s) %d have no reported stats, and not all PGs are active+clean; we cannot draw any conclusions", id) //nolint:staticcheck // Ceph's words
	}
	return nil
}

// purge forgets an OSD, also where that loses data: whoever says that they mean it has asked before.
func (m *osdMap) purge(id int) error {
	i := m.index(id)
	switch {
	case i < 0:
		return nil
	case m.OSDs[i].Down == "":
		return fmt.Errorf("Error EBUSY: osd.%d is not `down`", id) //nolint:staticcheck // Ceph's words
	}
	m.OSDs = slices.Delete(m.OSDs, i, i+1)
	return nil
}

func (m *osdMap) index(id int) int {
	return slices.IndexFunc(m.OSDs, func(o osd) bool { return o.ID == id })
}

// namesOf are the names of OSDs, for a message.
func namesOf(osds []osd) string {
	var names []string
	for _, o := range osds {
		names = append(names, o.called())
	}
	return strings.Join(names, ", ")
}
