package rook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// backfill is how long an OSD that was away takes to copy what was written meanwhile. At home it is seconds to minutes for what a
// reboot missed; it is as short here as lets everybody who has to wait for it be seen waiting.
const backfill = 5 * time.Second

// checkEvery is how often Rook asks Ceph how it is: what it says meanwhile is old. At home it is a minute
// (https://rook.io/docs/rook/latest-release/CRDs/Cluster/ceph-cluster-crd/#health-settings); here
// it is less than backfill, so that an OSD which copies is seen to.
const checkEvery = 2 * time.Second

// firstRan is the annotation of an OSD's Deployment that says when the OSD first came up: then it had missed nothing.
const firstRan = "rack.home-ops/first-ran"

// pgsOfPool is how many placement groups a pool begins with
// (https://docs.ceph.com/en/latest/rados/configuration/pool-pg-config-ref/, osd_pool_default_pg_num).
const pgsOfPool = 32

// health is what Ceph thinks of itself.
type health struct {
	Health      string             `json:"health"`
	Details     map[string]problem `json:"details,omitempty"`
	LastChecked string             `json:"lastChecked,omitempty"`
	Capacity    struct {
		Total     uint64 `json:"bytesTotal,omitempty"`
		Available uint64 `json:"bytesAvailable,omitempty"`
	} `json:"capacity"`
}

// problem is one of its health checks.
type problem struct {
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

// health is Ceph's opinion of itself, in its own words (https://docs.ceph.com/en/latest/rados/operations/health-checks/). It warns
// of a daemon that is missing, and of data that lacks copies: those of an OSD that is down, and those that one has yet to copy
// which is back, or was put in the place of a dead one. Without most of its monitors it stops.
func (p *pass) health(namespace string, mons []daemon, down []string, m *osdMap) *health {
	h := &health{Health: "HEALTH_OK", Details: map[string]problem{}}
	warn := func(code, format string, args ...any) {
		h.Health, h.Details[code] = "HEALTH_WARN", problem{"HEALTH_WARN", fmt.Sprintf(format, args...)}
	}
	missing := map[string]int{}
	for _, name := range down {
		kind, _, _ := strings.Cut(name, ".")
		missing[kind]++
	}
	var quorum []string
	for _, mon := range mons {
		if !slices.Contains(down, mon.called()) {
			quorum = append(quorum, mon.id)
		}
	}
	if missing["mon"] > 0 {
		warn("MON_DOWN", "%d/%d mons down, quorum %s", missing["mon"], len(mons), strings.Join(quorum, ","))
	}
	if missing["mgr"] > 0 {
		warn("MGR_DOWN", "no active mgr")
	}
	if count := m.downAndIn(down); count > 0 {
		warn("OSD_DOWN", "%d osds down", count)
	}
	if m.Degraded {
		pgs := p.groups(namespace)
		warn("PG_DEGRADED", "Degraded data redundancy: %d pgs degraded, %d pgs undersized", pgs, pgs)
	}
	if 2*len(quorum) <= len(mons) {
		h.Health = "HEALTH_ERR"
	}
	h.LastChecked = p.now.UTC().Format(time.RFC3339)
	return h
}

// asked reports whether Rook has asked Ceph so lately that its last answer still stands.
func (p *pass) asked(was *health) bool {
	if was == nil {
		return false
	}
	at, err := time.Parse(time.RFC3339, was.LastChecked)
	return err == nil && p.now.Sub(at) < checkEvery
}

// groups counts the placement groups of all pools; which of them an OSD holds is not known here, so that each is taken to. Ceph's
// own pool .mgr has one.
func (p *pass) groups(namespace string) int {
	pools := 0
	for _, item := range cluster.Read[blockPool](p.Cluster, BlockPools) {
		if item.Typed.Namespace == namespace {
			pools++
		}
	}
	for _, item := range cluster.Read[filesystem](p.Cluster, Filesystems) {
		if item.Typed.Namespace == namespace {
			pools += 1 + len(item.Typed.Spec.DataPools)
		}
	}
	return 1 + pools*pgsOfPool
}

// poolsOf are the pools of a cluster that were made.
func (p *pass) poolsOf(namespace string) []pool {
	var all []pool
	for _, item := range cluster.Read[blockPool](p.Cluster, BlockPools) {
		if b := item.Typed; b.Namespace == namespace && b.Status.Phase == Ready {
			all = append(all, b.Spec)
		}
	}
	for _, item := range cluster.Read[filesystem](p.Cluster, Filesystems) {
		if f := item.Typed; f.Namespace == namespace && f.Status.Phase == Ready {
			all = append(append(all, f.Spec.MetadataPool), f.Spec.DataPools...)
		}
	}
	for _, item := range cluster.Read[objectStore](p.Cluster, ObjectStores) {
		if o := item.Typed; o.Namespace == namespace && o.Status.Phase == Ready {
			all = append(all, o.Spec.MetadataPool, o.Spec.DataPool)
		}
	}
	return all
}

// isBehind reports whether an OSD that first ran at one time, and runs now since another, still copies what it missed between.
func (p *pass) isBehind(first, since string) bool {
	back, err := time.Parse(time.RFC3339, since)
	return err == nil && first != since && p.now.Sub(back) < backfill
}
