package rehearsal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// lease is what DHCP gives to one machine of the stack, for which nobody has made a reservation: it is in maintenance mode
// there, and not at its node's address. The others have reservations. The zero value is none.
type lease struct {
	node   string
	prefix netip.Prefix
	// named says that the owner has to say where the machine is, because it cannot be found.
	named bool
}

const (
	// searchable is how many addresses of a DHCP range a program may be expected to ask, and smallNetwork the length of the
	// largest network that it searches without one.
	searchable   = 4096
	smallNetwork = 22
)

// leaseOf gives the last node of the stack that can do without a reservation the last address of what the stack file says
// that DHCP gives away, or of the node network.
func leaseOf(s *spec.Stack, taken []netip.Addr) lease {
	for _, n := range slices.Backward(s.Nodes) {
		if n.DHCP || n.Lease {
			continue
		}
		l := lease{node: n.Name, named: n.MAC.IsZero()}
		for _, block := range s.Network.DHCPRanges {
			network, ok := s.Network.NodeNetworkOf(block.First)
			if ok && network.Contains(block.Last) && block.First.Is4() {
				l.prefix = netip.PrefixFrom(lastFree(block.Last, taken), network.Bits())
				l.named = l.named || ordinal(block.Last)-ordinal(block.First) >= searchable
				return l
			}
		}
		for _, network := range s.Network.NodeCIDRs {
			if network.Addr().Is4() {
				last := spec.RangeOf(network).Last.Prev() // which is its broadcast address
				l.prefix = netip.PrefixFrom(lastFree(last, taken), network.Bits())
				l.named = l.named || network.Bits() < smallNetwork || len(s.Network.DHCPRanges) > 0
				return l
			}
		}
	}
	return lease{}
}

func lastFree(a netip.Addr, taken []netip.Addr) netip.Addr {
	for slices.Contains(taken, a) {
		a = a.Prev()
	}
	return a
}

func ordinal(a netip.Addr) uint32 { return binary.BigEndian.Uint32(a.AsSlice()) }

// addresses are those that the room needs for it.
func (l lease) addresses() []netip.Addr {
	if l.node == "" {
		return nil
	}
	return []netip.Addr{l.prefix.Addr()}
}

// environment is what the owner says to pulumi.
func (l lease) environment() []string {
	if !l.named {
		return nil
	}
	return []string{stacks.AtVar + "=" + l.node + "=" + l.prefix.Addr().String()}
}

// of is what DHCP gives to a node: the lease, or what a reservation says.
func (l lease) of(stack *spec.Stack, n spec.Node) []netip.Prefix {
	if l.node == n.Name {
		return []netip.Prefix{l.prefix}
	}
	return leases(stack, n)
}

// took notes where a machine took its first config.
func (r *rack) took(name string, at netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.configured[name] = at
}

// checkFound is that the machine without a reservation took its config where DHCP had put it, and has left that for its
// node's address.
func (r *rehearsal) checkFound(ctx context.Context, _ *cluster) (string, error) {
	l := r.lease
	if l.node == "" {
		return "", skipped("each has a reservation in this rehearsal")
	}
	i := slices.IndexFunc(r.rack.nodes, func(m *machine) bool { return m.spec.Name == l.node })
	if i < 0 {
		return "", fmt.Errorf("%s, which has no reservation, is not there", l.node)
	}
	own, leased := r.rack.nodes[i].spec.Address, l.prefix.Addr()
	r.rack.mu.Lock()
	at := r.rack.configured[l.node]
	r.rack.mu.Unlock()
	var errs []error
	if at != leased {
		errs = append(errs, fmt.Errorf("%s took its config at %s, and DHCP had given it %s", l.node, at, leased))
	}
	if !listens(ctx, own) {
		errs = append(errs, fmt.Errorf("%s does not answer at its own address %s", l.node, own))
	}
	if listens(ctx, leased) {
		errs = append(errs, fmt.Errorf("%s still answers at %s, which DHCP gave it before it had a config", l.node, leased))
	}
	how := "by its hardware"
	if l.named {
		how = "as its owner named it"
	}
	return fmt.Sprintf("%s at %s, %s; it answers at %s", l.node, leased, how, own), errors.Join(errs...)
}

// listens says that a Talos API takes connections at an address.
func listens(ctx context.Context, address netip.Addr) bool {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(address.String(), strconv.Itoa(constants.ApidPort)))
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}
