package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

const (
	// spareName is the node that scenarios add to the stack: a machine like the last of the stack file, with its role.
	spareName = "spare"
	// spareCount is how many places the room has for it: one, and one to move to.
	spareCount = 2
)

// spareAddresses are the free addresses after those of the last node, one of each of its families for each place.
func spareAddresses(s *spec.Stack, taken []netip.Addr) [][]netip.Addr {
	taken = slices.Clone(taken)
	last := s.Nodes[len(s.Nodes)-1]
	var all [][]netip.Addr
	for range spareCount {
		var place []netip.Addr
		for _, address := range last.Addresses() {
			for next := address.Next(); next.IsValid(); next = next.Next() {
				if !slices.Contains(taken, next) {
					taken, place = append(taken, next), append(place, next)
					break
				}
			}
		}
		all = append(all, place)
	}
	return all
}

// spareVIP is the free address after the VIP; none for a stack without one.
func spareVIP(s *spec.Stack, taken []netip.Addr) netip.Addr {
	if !s.Network.VIP.IsValid() {
		return netip.Addr{}
	}
	next := s.Network.VIP.Next()
	for slices.Contains(taken, next) {
		next = next.Next()
	}
	return next
}

// spare is the line of the spare node at its first place, written like the last node's.
func (r *rehearsal) spare() (map[string]any, error) {
	text, err := os.ReadFile(r.file.Path)
	if err != nil {
		return nil, fmt.Errorf("stack file: %w", err)
	}
	var doc struct {
		Config map[string]yaml.Node `yaml:"config"`
	}
	var nodes []map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("stack file: %w", err)
	}
	listed := doc.Config["home-ops:nodes"]
	if err := listed.Decode(&nodes); err != nil || len(nodes) == 0 {
		return nil, fmt.Errorf("stack file: its nodes: %w", errors.Join(err, errors.New("there are none")))
	}
	n := maps.Clone(nodes[len(nodes)-1])
	n["name"] = spareName
	n["mac"] = "52:54:00:5a:4e:01"
	n["installDisk"] = map[string]any{"serial": "SPARE1"}
	r.place(n, 0)
	return n, nil
}

// place gives a node's line the addresses of a place.
func (r *rehearsal) place(n map[string]any, place int) {
	addresses := r.places[place]
	n["address"] = addresses[0].String()
	var more []any
	for _, address := range addresses[1:] {
		more = append(more, address.String())
	}
	if delete(n, "secondaryAddresses"); more != nil {
		n["secondaryAddresses"] = more
	}
}

// plugInSpare writes a node into the stack file and powers on its machine, which waits in maintenance mode.
func (r *rehearsal) plugInSpare(ctx context.Context, line map[string]any) (*machine, error) {
	if err := r.edit(withNode(line)); err != nil {
		return nil, err
	}
	spec := r.stack.Nodes[len(r.stack.Nodes)-1]
	m, err := r.rack.build(r.stack, spec, filepath.Join(r.rack.dir, fmt.Sprintf("%s-%d", spec.Name, len(r.rack.nodes))))
	if err != nil {
		return nil, fmt.Errorf("rack: %w", err)
	}
	r.rack.nodes = append(r.rack.nodes, m)
	r.rack.plugIn(m)
	return m, m.WaitFor(ctx, node.Maintenance)
}

// forget takes a machine out of those that the cluster is made of. It stays where it is.
func (r *rehearsal) forget(m *machine) {
	r.rack.nodes = slices.DeleteFunc(r.rack.nodes, func(other *machine) bool { return other == m })
}

// move gives a machine another address by DHCP, or another name in the rack, with what is on its disks.
func (r *rehearsal) move(ctx context.Context, m *machine, to spec.Node) (*machine, error) {
	m.PowerOff()
	if err := m.WaitFor(ctx, node.Off); err != nil {
		return nil, err
	}
	moved, err := r.rack.build(r.stack, to, m.dir)
	if err != nil {
		return nil, fmt.Errorf("rack: %w", err)
	}
	moved.PowerOn() // one that was switched off stays so when it is plugged in
	r.rack.plugIn(moved)
	return moved, moved.WaitFor(ctx, node.Maintenance)
}
