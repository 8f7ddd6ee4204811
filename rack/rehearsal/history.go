package rehearsal

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// history is what became of the storage and of the nodes while machines came and went, in the order in which it became so: the
// revisions of etcd order objects of all kinds. Whoever asks from time to time cannot tell whether storage was whole at the moment
// at which a machine was taken out of service.
type history struct {
	mu sync.Mutex
	// storage are the versions of what keeps data; there is one at least if the cluster has any.
	storage []version
	// cordons are the versions by which nodes began to take no more pods, and cordoned those that take none now.
	cordons  []version
	cordoned map[string]bool
}

// version is one state of an object.
type version struct {
	revision uint64
	seen     time.Time
	// name is the object's, with its kind for what keeps data.
	name string
	// lacks is what its data lacks; empty for nothing.
	lacks string
}

func newHistory() *history { return &history{cordoned: map[string]bool{}} }

// note takes down a state of an object; one that is gone lacks nothing.
func (h *history) note(object *unstructured.Unstructured, gone bool) {
	revision, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	v := version{revision: revision, seen: time.Now(), name: object.GetName()}
	if object.GetKind() == "Node" {
		cordoned, _, _ := unstructured.NestedBool(object.Object, "spec", "unschedulable")
		if cordoned && !h.cordoned[v.name] {
			h.cordons = append(h.cordons, v)
		}
		h.cordoned[v.name] = cordoned && !gone
		return
	}
	v.name = object.GetKind() + " " + v.name
	if !gone {
		v.lacks = lacks(object)
	}
	// A list repeats what a watch has said.
	if !slices.ContainsFunc(h.storage, func(old version) bool { return old.name == v.name && old.revision == revision }) {
		h.storage = append(h.storage, v)
	}
}

// lacks is what the data of a CephCluster or of Longhorn's Volume lacks.
func lacks(object *unstructured.Unstructured) string {
	if robustness, ok, _ := unstructured.NestedString(object.Object, "status", "robustness"); ok {
		if robustness == "degraded" || robustness == "faulted" {
			return robustness
		}
		return ""
	}
	health, _, _ := unstructured.NestedString(object.Object, "status", "ceph", "health")
	if health == "HEALTH_OK" {
		return ""
	}
	details, _, _ := unstructured.NestedMap(object.Object, "status", "ceph", "details")
	return fmt.Sprintf("%q %s", health, strings.Join(slices.Sorted(maps.Keys(details)), " "))
}

// before is what the storage lacked when the node was taken out of service, the last time before a moment; empty for nothing.
func (h *history) before(node string, moment time.Time) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var cordon *version
	for i, v := range h.cordons {
		if v.name == node && !v.seen.After(moment) {
			cordon = &h.cordons[i]
		}
	}
	if cordon == nil {
		return "nobody knows: it went down without having been cordoned"
	}
	latest := map[string]version{}
	for _, v := range h.storage {
		if v.revision < cordon.revision && v.revision >= latest[v.name].revision {
			latest[v.name] = v
		}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(latest)) {
		if latest[name].lacks != "" {
			all = append(all, name+" is "+latest[name].lacks)
		}
	}
	return strings.Join(all, ", ")
}

// kept is how many things keep data.
func (h *history) kept() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := map[string]bool{}
	for _, v := range h.storage {
		names[v.name] = true
	}
	return len(names)
}

// span is a time from one moment to another.
type span struct{ from, to time.Time }

func (s span) holds(moment time.Time) bool { return !moment.Before(s.from) && moment.Before(s.to) }

// waited is for how long something lacked copies, until the end, although no machine was away: a roll has to wait meanwhile.
func (h *history) waited(away []span, end time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	moments := []time.Time{end}
	for _, v := range h.storage {
		moments = append(moments, v.seen)
	}
	for _, s := range away {
		moments = append(moments, s.from, s.to)
	}
	slices.SortFunc(moments, time.Time.Compare)
	var sum time.Duration
	for i := range moments[1:] {
		began, ended := moments[i], moments[i+1]
		anyAway := slices.ContainsFunc(away, func(s span) bool { return s.holds(began) })
		if !ended.After(end) && !anyAway && h.lacking(began) {
			sum += ended.Sub(began)
		}
	}
	return sum
}

// lacking reports whether anything lacked copies at a moment. It needs the lock.
func (h *history) lacking(moment time.Time) bool {
	now := map[string]string{}
	for _, v := range h.storage {
		if !v.seen.After(moment) {
			now[v.name] = v.lacks
		}
	}
	for _, lacks := range now {
		if lacks != "" {
			return true
		}
	}
	return false
}
