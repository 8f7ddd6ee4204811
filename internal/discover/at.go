package discover

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// At are addresses at which machines in maintenance mode wait that are not their nodes' own, as an owner names them for one
// update.
type At struct {
	// Named are the addresses of nodes, by their names.
	Named map[string]netip.Addr
	// Unnamed are those of machines that are told apart by their hardware.
	Unnamed []netip.Addr
}

// ParseAt reads "worker-1=10.0.0.187,10.0.0.190": addresses, each with the name of its node or without one, between commas
// or spaces.
func ParseAt(text string, stack *spec.Stack) (At, error) {
	at := At{Named: map[string]netip.Addr{}}
	seen := map[netip.Addr]bool{}
	var nodes []string
	for _, node := range stack.Nodes {
		nodes = append(nodes, node.Name)
	}
	var errs []error
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' }) {
		name, written, named := strings.Cut(word, "=")
		if !named {
			written = word
		}
		address, err := netip.ParseAddr(written)
		_, twice := at.Named[name]
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("AT: %q is not an address: write NODE=ADDRESS or ADDRESS, such as worker-1=10.0.0.187", word))
		case named && !slices.Contains(nodes, name):
			errs = append(errs, fmt.Errorf("AT: %s: %s has no node %q; it has %s", word, stack.Name, name, strings.Join(nodes, ", ")))
		case named && twice:
			errs = append(errs, fmt.Errorf("AT: %s: %s has an address already, %s", word, name, at.Named[name]))
		case seen[address]:
			errs = append(errs, fmt.Errorf("AT: %s: %s is there twice, and one machine waits there", word, address))
		case named:
			at.Named[name] = address
		default:
			at.Unnamed = append(at.Unnamed, address)
		}
		seen[address] = true
	}
	return at, errors.Join(errs...)
}

const (
	// most is how many addresses of DHCP ranges are asked, mostOf how many of a whole network: some seconds' worth, and
	// no more entries at a time than the kernel's table of neighbours holds.
	most, mostOf = 4096, 1024
)

// Search is where machines may be of which nobody has said where they are.
type Search struct {
	// Blocks are what is searched, Addresses every address in it.
	Blocks    []spec.Range
	Addresses []netip.Addr
	// Left says of other blocks why they are not.
	Left []string
}

// SearchOf is what the router gives away by DHCP, where the stack file says so, and else the node networks. No address
// outside of the node networks is in it, nor is a block that would take minutes.
func SearchOf(network spec.Network) Search {
	var s Search
	for _, block := range network.DHCPRanges {
		within := slices.ContainsFunc(network.NodeCIDRs, block.Within)
		switch addresses, whole := addressesIn(block, most-len(s.Addresses)); {
		case !within:
			s.Left = append(s.Left, fmt.Sprintf("%s is not in one of the node networks", block))
		case !whole:
			s.Left = append(s.Left, fmt.Sprintf("%s is too large: %d addresses are searched at most", block, most))
		default:
			s.Blocks, s.Addresses = append(s.Blocks, block), append(s.Addresses, addresses...)
		}
	}
	if len(network.DHCPRanges) > 0 {
		return s
	}
	for _, cidr := range network.NodeCIDRs {
		block := spec.RangeOf(cidr)
		addresses, whole := addressesIn(block, min(mostOf, most-len(s.Addresses)))
		if !whole {
			s.Left = append(s.Left, fmt.Sprintf("%s is too large without network.dhcpRanges: %d addresses of a network are searched at most", cidr, mostOf))
			continue
		}
		if cidr.Addr().Is4() && len(addresses) > 2 {
			addresses = addresses[1 : len(addresses)-1] // the network's own, and its broadcast
		}
		s.Blocks, s.Addresses = append(s.Blocks, block), append(s.Addresses, addresses...)
	}
	return s
}

// addressesIn is every address of a block that has no more than a number of them.
func addressesIn(block spec.Range, limit int) (addresses []netip.Addr, whole bool) {
	for a := block.First; a.IsValid() && a.Compare(block.Last) <= 0; a = a.Next() {
		if len(addresses) == limit {
			return nil, false
		}
		addresses = append(addresses, a)
	}
	return addresses, true
}

func (s Search) String() string {
	var blocks []string
	for _, b := range s.Blocks {
		blocks = append(blocks, b.String())
	}
	return fmt.Sprintf("%d addresses in %s", len(s.Addresses), strings.Join(blocks, ", "))
}
