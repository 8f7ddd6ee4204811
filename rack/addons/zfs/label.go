package zfs

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/addons/rook"
)

// content begins what a pool's disks hold. Below that line is the label.
const content = "ZFS pool "

// left is what a disk holds that has left its pool: it is in no pool, and not blank either.
const left = "partitions of a former ZFS pool"

// PoolOn is the name of the pool that has a disk with this content; ok is false for what is of none.
func PoolOn(text string) (name string, ok bool) {
	first, _, _ := strings.Cut(text, "\n")
	return strings.CutPrefix(first, content)
}

// label is what ZFS writes onto every disk of a pool: all that the pool is made of
// (https://openzfs.github.io/openzfs-docs/man/8/zdb.8.html). A pool is known by nothing else, so that another cluster finds it.
type label struct {
	// Pool is the pool's GUID, Self that of the disk with the label, and Transaction tells which label is the newest.
	Pool, Self  uint64
	Transaction int
	Layout      string   `json:",omitempty"`
	Options     []string `json:",omitempty"`
	Members     []member
}

// member is a disk of a pool.
type member struct {
	GUID uint64
	// Name is the one by which the disk was given, such as /dev/disk/by-id/ata-MODEL_SERIAL.
	Name string
	// Size is what the pool takes of it, in bytes.
	Size uint64
	// For is the member whose place it takes; 0 for none. It has the data from Full on, and the other one leaves then.
	For  uint64    `json:",omitempty"`
	Full time.Time `json:",omitzero"`
}

// found is a pool of a node, as its disks tell of it.
type found struct {
	name string
	label
	// online are the disks that answer, by the GUIDs of their members.
	online map[uint64]rook.Disk
}

// read finds a node's pools on its disks. Of two pools of one name it finds the first: only one is imported under it.
func read(disks []rook.Disk) []*found {
	var pools []*found
	for _, d := range disks {
		name, ok := PoolOn(d.Content)
		_, text, _ := strings.Cut(d.Content, "\n")
		var l label
		// A disk that gives errors has no label that could be read.
		if !ok || d.Dead || json.Unmarshal([]byte(text), &l) != nil {
			continue
		}
		i := slices.IndexFunc(pools, func(p *found) bool { return p.name == name })
		if i < 0 {
			i, pools = len(pools), append(pools, &found{name: name, online: map[uint64]rook.Disk{}})
		} else if pools[i].Pool != l.Pool {
			continue
		}
		pools[i].online[l.Self] = d
		if l.Transaction > pools[i].Transaction {
			pools[i].label = l
		}
	}
	return pools
}

// write writes the pool's label onto every disk of it that answers.
func (h *Hosts) write(node string, p *found) error {
	p.Transaction++
	for _, m := range p.Members {
		disk, ok := p.online[m.GUID]
		if !ok {
			continue
		}
		p.Self = m.GUID
		text, err := json.Marshal(p.label)
		if err != nil {
			return err
		}
		if err := h.Write(node, disk.Path, content+p.name+"\n"+string(text)); err != nil {
			return err
		}
	}
	return nil
}

// holders are the members that belong to the pool; none of them is only on its way into it.
func (p *found) holders() []member {
	return slices.DeleteFunc(slices.Clone(p.Members), func(m member) bool { return m.For != 0 })
}

// next is the member that takes the place of another; nil if there is none.
func (p *found) next(of member) *member {
	i := slices.IndexFunc(p.Members, func(m member) bool { return m.For == of.GUID })
	if i < 0 {
		return nil
	}
	return &p.Members[i]
}

// spare is how many disks a layout can lose (https://openzfs.github.io/openzfs-docs/man/7/zpoolconcepts.7.html).
func (p *found) spare() int {
	switch p.Layout {
	case "mirror":
		return len(p.holders()) - 1
	case "raidz1":
		return 1
	case "raidz2":
		return 2
	case "raidz3":
		return 3
	}
	return 0
}

// lacks is how many members do not answer.
func (p *found) lacks() int {
	missing := 0
	for _, m := range p.holders() {
		if _, ok := p.online[m.GUID]; !ok {
			missing++
		}
	}
	return missing
}

// state is the pool's as a whole.
func (p *found) state() string {
	if p.lacks() > 0 {
		return degraded
	}
	return online
}

// size is what fits into the pool, in bytes.
func (p *found) size() uint64 {
	var all uint64
	var least uint64
	holders := p.holders()
	for i, m := range holders {
		all += m.Size
		if i == 0 || m.Size < least {
			least = m.Size
		}
	}
	if p.Layout == "" {
		return all
	}
	return least * uint64(len(holders)-p.spare())
}

// The states of pools and disks (https://openzfs.github.io/openzfs-docs/man/7/zpoolconcepts.7.html#Device_Failure_and_Recovery).
const (
	online   = "ONLINE"
	degraded = "DEGRADED"
	faulted  = "FAULTED"
	removed  = "REMOVED"
)

// settle has those disks take the places of others that have all data by now. It is false where nothing changes.
func (p *found) settle(now time.Time) (gone []uint64, changed bool) {
	for _, m := range slices.Clone(p.Members) {
		if _, ok := p.online[m.GUID]; m.For == 0 || !ok || now.Before(m.Full) {
			continue
		}
		gone = append(gone, m.For)
		p.Members = slices.DeleteFunc(p.Members, func(o member) bool { return o.GUID == m.GUID })
		i := slices.IndexFunc(p.Members, func(o member) bool { return o.GUID == m.For })
		m.For, m.Full = 0, time.Time{}
		p.Members[i] = m
		changed = true
	}
	return gone, changed
}
