package zfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/addons/rook"
)

// Zpool is the node's command of that name. What it does not know is an error, and so is what the genuine one refuses, in its words.
func (h *Hosts) Zpool(ctx context.Context, node string, args []string, out io.Writer) error {
	if err := h.lacks(node); err != nil {
		return fmt.Errorf("chroot: can't execute '/usr/local/sbin/zpool': %w", err)
	}
	if slices.Equal(args, []string{"list", "-H", "-o", "name"}) {
		for _, pool := range h.Pools(node) {
			fmt.Fprintln(out, pool.Name)
		}
		return nil
	}
	verb, rest := "", []string(nil)
	if len(args) > 0 {
		verb, rest = args[0], args[1:]
	}
	switch {
	case verb == "wait" && len(rest) == 3 && rest[0] == "-t" && rest[1] == "replace":
		return h.wait(ctx, node, rest[2])
	case verb == "create":
		return h.locked(func() error { return h.create(node, rest) })
	case verb == "status" && len(rest) <= 1:
		return h.locked(func() error { return h.status(node, rest, out) })
	case verb == "replace" && (len(rest) == 2 || len(rest) == 3) && !strings.HasPrefix(rest[0], "-"):
		return h.locked(func() error { return h.replace(node, rest[0], rest[1], rest[len(rest)-1]) })
	case verb == "online" && len(rest) == 3 && rest[0] == "-e":
		return h.locked(func() error { return h.expand(node, rest[1], rest[2]) })
	}
	return fmt.Errorf("the rack's zpool does not know: zpool %s", strings.Join(args, " "))
}

func (h *Hosts) locked(do func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return do()
}

// least is how many disks a layout wants (https://openzfs.github.io/openzfs-docs/man/7/zpoolconcepts.7.html).
var least = map[string]int{"mirror": 2, "raidz1": 2, "raidz2": 3, "raidz3": 4}

func (h *Hosts) create(node string, args []string) error {
	pool := &found{label: label{Pool: rand.Uint64()}}
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		if !slices.Contains([]string{"-o", "-O", "-m"}, args[0]) {
			return fmt.Errorf("the rack's zpool does not know: zpool create %s", args[0])
		}
		pool.Options = append(pool.Options, args[1])
		args = args[2:]
	}
	if len(args) < 2 {
		return errors.New("missing vdev specification")
	}
	pool.name, args = args[0], args[1:]
	if least[args[0]] > 0 {
		pool.Layout, args = args[0], args[1:]
	}
	if len(args) < max(1, least[pool.Layout]) {
		return fmt.Errorf("invalid vdev specification: %s requires at least %d devices", pool.Layout, least[pool.Layout])
	}
	var errs []error
	for _, name := range args {
		errs = append(errs, h.add(node, pool, name))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if slices.ContainsFunc(h.imported(node), func(p *found) bool { return p.name == pool.name }) {
		return fmt.Errorf("cannot create '%s': pool already exists", pool.name)
	}
	return h.write(node, pool)
}

// add makes a disk a member that has its data.
func (h *Hosts) add(node string, pool *found, name string) error {
	disk := h.disk(node, name)
	switch {
	case disk == nil:
		return fmt.Errorf("cannot open '%s': no such device in /dev", name)
	case disk.Dead:
		return fmt.Errorf("cannot open '%s': Input/output error", name)
	case disk.InUse != "":
		return fmt.Errorf("%s is in use: %s", name, disk.InUse)
	}
	for _, other := range pool.online {
		if other.Path == disk.Path {
			return fmt.Errorf("%s is in use: it is named twice", name)
		}
	}
	m := member{GUID: rand.Uint64(), Name: name, Size: disk.Size}
	if pool.online == nil {
		pool.online = map[uint64]rook.Disk{}
	}
	pool.Members, pool.online[m.GUID] = append(pool.Members, m), *disk
	return nil
}

// open is a pool that is served.
func (h *Hosts) open(node, name string) (*found, error) {
	for _, p := range h.imported(node) {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("cannot open '%s': no such pool", name)
}

// member is that of a pool which is meant by a name: in full, or as status shows it, or by the GUID that status shows of a disk which
// was missing when the machine booted.
func (p *found) member(name string) *member {
	for i, m := range p.Members {
		if m.Name == name || path.Base(m.Name) == name || strconv.FormatUint(m.GUID, 10) == name {
			return &p.Members[i]
		}
	}
	return nil
}

// replace has a disk get the data of another one, and then its place
// (https://openzfs.github.io/openzfs-docs/man/8/zpool-replace.8.html).
func (h *Hosts) replace(node, pool, old, disk string) error {
	p, err := h.open(node, pool)
	if err != nil {
		return err
	}
	from := p.member(old)
	if from == nil {
		return fmt.Errorf("cannot replace %s with %s: no such device in pool", old, disk)
	}
	if old == disk {
		disk = from.Name
	}
	if from.For != 0 || p.next(*from) != nil {
		return fmt.Errorf("cannot replace %s with %s: cannot replace a replacing device", old, disk)
	}
	least := from.Size
	for _, m := range p.holders() {
		if p.Layout != "" {
			least = min(least, m.Size)
		}
	}
	of, size := from.GUID, from.Size
	if err := h.add(node, p, disk); err != nil {
		return fmt.Errorf("invalid vdev specification: %w", err)
	}
	to := &p.Members[len(p.Members)-1]
	if to.Size < least {
		return fmt.Errorf("cannot replace %s with %s: device is too small", old, disk)
	}
	// A larger disk is used in full when it is told to (zpoolprops(7), autoexpand).
	to.For, to.Full, to.Size = of, time.Now().Add(h.resilver), min(size, to.Size)
	return h.write(node, p)
}

// expand has a pool use all of a disk.
func (h *Hosts) expand(node, pool, name string) error {
	p, err := h.open(node, pool)
	if err != nil {
		return err
	}
	m := p.member(name)
	if m == nil {
		return fmt.Errorf("cannot expand %s: no such device in pool", name)
	}
	disk, ok := p.online[m.GUID]
	if !ok {
		return fmt.Errorf("cannot expand %s: no such device", name)
	}
	m.Size = disk.Size
	return h.write(node, p)
}

// wait returns when no disk is on its way into another's place.
func (h *Hosts) wait(ctx context.Context, node, pool string) error {
	for {
		waits := false
		err := h.locked(func() error {
			p, err := h.open(node, pool)
			if err == nil {
				waits = slices.ContainsFunc(p.Members, func(m member) bool { return m.For != 0 })
			}
			return err
		})
		if err != nil || !waits {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(h.resilver / 10):
		}
	}
}

// status shows pools in the words of the genuine one (https://openzfs.github.io/openzfs-docs/man/8/zpool-status.8.html).
func (h *Hosts) status(node string, names []string, out io.Writer) error {
	pools := h.imported(node)
	if len(names) > 0 {
		p, err := h.open(node, names[0])
		if err != nil {
			return err
		}
		pools = []*found{p}
	}
	if len(pools) == 0 {
		fmt.Fprintln(out, "no pools available")
	}
	for i, p := range pools {
		if i > 0 {
			fmt.Fprintln(out)
		}
		h.show(node, p, out)
	}
	return nil
}

func (h *Hosts) show(node string, p *found, out io.Writer) {
	fmt.Fprintf(out, "  pool: %s\n state: %s\n", p.name, p.state())
	switch {
	case slices.ContainsFunc(p.Members, func(m member) bool { return m.For != 0 }):
		fmt.Fprintln(out, "status: One or more devices is currently being resilvered.")
		fmt.Fprintln(out, "action: Wait for the resilver to complete.")
		fmt.Fprintln(out, "  scan: resilver in progress")
	case p.lacks() > 0:
		fmt.Fprintln(out, "status: One or more devices could not be used.")
		fmt.Fprintln(out, "action: Replace the device using 'zpool replace'.")
	}
	fmt.Fprintf(out, "config:\n\n")
	line := func(depth int, name, state, note string) {
		fmt.Fprintf(out, "\t%s%-*s  %s%s\n", strings.Repeat("  ", depth), 50-2*depth, name, state, note)
	}
	line(0, "NAME", "STATE", "")
	line(0, p.name, p.state(), "")
	depth := 1
	if p.Layout != "" {
		line(1, p.Layout+"-0", p.state(), "")
		depth = 2
	}
	for i, m := range p.holders() {
		state := h.stateOf(node, p, m)
		next := p.next(m)
		if next == nil {
			line(depth, path.Base(m.Name), state, "")
			continue
		}
		of := degraded
		if state == online {
			of = online
		}
		line(depth, fmt.Sprintf("replacing-%d", i), of, "")
		line(depth+1, path.Base(m.Name), state, "")
		line(depth+1, path.Base(next.Name), h.stateOf(node, p, *next), "  (resilvering)")
	}
	fmt.Fprintf(out, "\nerrors: No known data errors\n")
}

// stateOf is that of a disk: one that gives errors is faulted, and one that is not listed is removed.
func (h *Hosts) stateOf(node string, p *found, m member) string {
	if _, ok := p.online[m.GUID]; ok {
		return online
	}
	if disk := h.disk(node, m.Name); disk != nil && disk.Dead {
		return faulted
	}
	return removed
}
