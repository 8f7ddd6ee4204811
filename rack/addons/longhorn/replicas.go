package longhorn

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// rebuild is how long a replica takes to copy what it lacks. At home it is minutes for what a reboot missed; it is as short here as
// lets everybody who has to wait for it be seen waiting.
const rebuild = 5 * time.Second

// replica is one copy of a volume.
type replica struct {
	name, node string
	// disk is the UUID of the disk that it is on.
	disk string
	// boot is the boot of its node since which it has missed nothing.
	boot string
	// failed is when it began to miss something; zero for one that is whole.
	failed time.Time
	// since is when it began to be rebuilt; zero for one that is not.
	since time.Time
}

func (r replica) whole() bool { return r.failed.IsZero() }

// host is a node on which replicas can be.
type host struct {
	// boot is its present boot; empty while it is away.
	boot string
	// stores says that it takes new replicas.
	stores bool
	// disks are those that are ready, by their UUIDs, with whether they take new replicas.
	disks map[string]bool
}

// running is the boot in which the disk of a replica can be read; empty while it cannot.
func (r replica) running(hosts map[string]host) string {
	if _, ready := hosts[r.node].disks[r.disk]; !ready {
		return ""
	}
	return hosts[r.node].boot
}

// lost reports whether the node is there, and the replica's disk is not.
func (r replica) lost(hosts map[string]host) bool {
	return hosts[r.node].boot != "" && r.running(hosts) == ""
}

// room is a disk of a node that takes a new replica; empty for none.
func (h host) room() string {
	if h.boot == "" || !h.stores {
		return ""
	}
	for _, uuid := range slices.Sorted(maps.Keys(h.disks)) {
		if h.disks[uuid] {
			return uuid
		}
	}
	return ""
}

// copies are the replicas of a volume.
type copies struct {
	// volume is its name, and wanted how many replicas there should be.
	volume string
	wanted int
	// attached says that something writes.
	attached bool
	replicas []replica
}

// look brings the replicas up to a moment, with the nodes of the cluster by their names.
func (c *copies) look(now time.Time, hosts map[string]host) {
	c.replicas = slices.DeleteFunc(c.replicas, func(r replica) bool { _, there := hosts[r.node]; return !there })
	for i := range c.replicas {
		r := &c.replicas[i]
		switch boot := r.running(hosts); {
		case c.attached && boot != r.boot && r.whole():
			r.failed, r.since = now, time.Time{}
		case boot != r.boot:
			// A rebuild that was cut short begins again.
			r.since = time.Time{}
		}
	}
	c.salvage(hosts)
	for i := range c.replicas {
		r := &c.replicas[i]
		boot := r.running(hosts)
		switch {
		case boot == "":
		case r.whole():
			r.boot = boot
		case !c.attached || !slices.ContainsFunc(c.replicas, replica.whole):
			// There is nothing that it could be copied from, or nobody who does it.
			r.since = time.Time{}
		case r.since.IsZero():
			r.since, r.boot = now, boot
		case now.Sub(r.since) >= rebuild:
			r.failed, r.since = time.Time{}, time.Time{}
		}
	}
	c.place(now, hosts)
}

// salvage takes the replicas that failed last for whole when all have failed and those are back: nothing newer can be had.
func (c *copies) salvage(hosts map[string]host) {
	if len(c.replicas) == 0 || slices.ContainsFunc(c.replicas, replica.whole) {
		return
	}
	last := slices.MaxFunc(c.replicas, func(a, b replica) int { return a.failed.Compare(b.failed) }).failed
	for i := range c.replicas {
		if r := &c.replicas[i]; r.failed.Equal(last) && r.running(hosts) != "" {
			r.failed, r.since, r.boot = time.Time{}, time.Time{}, r.running(hosts)
		}
	}
}

// place makes the replicas that are missing, each on a node of its own that is there. The first ones of a volume are as empty as
// it is; those that come later are copied. One whose disk is lost is replaced, and stays where it is until its owner deletes it.
func (c *copies) place(now time.Time, hosts map[string]host) {
	fresh := len(c.replicas) == 0
	for _, name := range sorted(hosts) {
		count, taken := 0, false
		for _, r := range c.replicas {
			if !r.lost(hosts) {
				count++
				taken = taken || r.node == name
			}
		}
		disk := hosts[name].room()
		if count >= c.wanted || taken || disk == "" {
			continue
		}
		r := replica{name: c.volume + "-r-" + name, node: name, disk: disk, boot: hosts[name].boot}
		if slices.ContainsFunc(c.replicas, func(other replica) bool { return other.name == r.name }) {
			r.name += "-" + disk[:min(8, len(disk))]
		}
		if !fresh {
			r.failed, r.since = now, now
		}
		c.replicas = append(c.replicas, r)
	}
	slices.SortFunc(c.replicas, func(a, b replica) int { return strings.Compare(a.name, b.name) })
}

// robustness is what Longhorn calls it. Of a volume that is detached it does not say.
func (c *copies) robustness(hosts map[string]host) string {
	if !c.attached {
		return Unknown
	}
	whole := 0
	for _, r := range c.replicas {
		if r.whole() && r.running(hosts) != "" {
			whole++
		}
	}
	switch {
	case whole == 0:
		return Faulted
	case whole < c.wanted:
		return Degraded
	}
	return Healthy
}
