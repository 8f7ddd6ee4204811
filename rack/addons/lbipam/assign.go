package lbipam

import (
	"fmt"
	"net/netip"
	"slices"
)

// assignment is who has which address.
type assignment struct {
	ranges []*addresses
	taken  map[netip.Addr][]*request
}

// refusal is why a Service does not have what it wants; the reason is empty when it does.
type refusal struct{ reason, message string }

// assign gives each request what it wants as far as there is something to give, and tells each why not. What a Service has and
// may keep stays its own; then the requests are served in their order.
func (a *assignment) assign(requests []*request) []refusal {
	for _, r := range requests {
		for _, address := range current(r.service) {
			if r.wants(address) && a.keeps(r, address) && a.conflict(r, address) == "" {
				a.give(r, address)
			}
		}
	}
	refusals := make([]refusal, len(requests))
	for i, r := range requests {
		if len(r.wanted) > 0 {
			refusals[i] = a.specific(r)
		} else {
			refusals[i] = a.anyOf(r)
		}
	}
	return refusals
}

func (a *assignment) specific(r *request) (why refusal) {
	for _, address := range r.wanted {
		if slices.Contains(r.given, address) {
			continue
		}
		within, foreign := a.find(r, address)
		switch incompatible := a.conflict(r, address); {
		case within == nil && foreign:
			why = refusal{"pool_selector_mismatch", fmt.Sprintf("The pool with the CIDR containing '%s', doesn't select this service", address)}
		case within == nil:
			why = refusal{"no_pool", fmt.Sprintf("No pool exists with a CIDR containing '%s'", address)}
		case incompatible != "" && r.key == "", slices.Contains(within.reserved, address):
			why = refusal{"already_allocated", fmt.Sprintf("The IP '%s' is already allocated to another service", address)}
		case incompatible != "":
			why = refusal{"already_allocated_incompatible_service", fmt.Sprintf(
				"The IP '%s' is already allocated to an incompatible service. Reason: %s", address, incompatible)}
		default:
			a.give(r, address)
		}
	}
	return why
}

// anyOf gives one address of each family that the Service wants and lacks.
func (a *assignment) anyOf(r *request) (why refusal) {
	for _, six := range []bool{false, true} {
		if wants := map[bool]bool{false: r.four, true: r.six}[six]; !wants || r.has(six) {
			continue
		}
		address, full := a.free(r, six)
		switch {
		case address.IsValid():
			a.give(r, address)
		case full:
			why = refusal{"out_of_ips", "All enabled CiliumLoadBalancerIPPools that match this service ran out of allocatable IPs"}
		default:
			why = refusal{"no_pool", "There are no enabled CiliumLoadBalancerIPPools that match this service"}
		}
	}
	return why
}

// free is an address that the Service can share by its key, or else the first that nobody has. Full means that there were
// pools for it.
func (a *assignment) free(r *request, six bool) (address netip.Addr, full bool) {
	if r.key != "" {
		for _, shared := range a.sharedBy(r.key) {
			if shared.Is6() == six && a.conflict(r, shared) == "" {
				return shared, true
			}
		}
	}
	for _, within := range a.ranges {
		if within.off || within.first.Is6() != six || !within.selector.Matches(r.labels) {
			continue
		}
		full = true
		if gap := a.smallestGap(within); gap != nil {
			return gap.first, true
		}
	}
	return netip.Addr{}, full
}

// smallestGap is the shortest run of addresses in the range that nobody has; the first of those that are equally long. Nil if there
// is none.
func (a *assignment) smallestGap(r *addresses) *addresses {
	used := slices.Clone(r.reserved)
	for address := range a.taken {
		if r.contains(address) {
			used = append(used, address)
		}
	}
	slices.SortFunc(used, netip.Addr.Compare)
	var smallest *addresses
	consider := func(first, last netip.Addr) {
		gap := &addresses{first: first, last: last}
		if first.Compare(last) <= 0 && (smallest == nil || gap.size().Cmp(smallest.size()) < 0) {
			smallest = gap
		}
	}
	first := r.first
	for _, address := range used {
		consider(first, address.Prev())
		first = address.Next()
	}
	// After the last address of all there is no other.
	if first.IsValid() {
		consider(first, r.last)
	}
	return smallest
}

func (a *assignment) sharedBy(key string) []netip.Addr {
	var list []netip.Addr
	for address, requests := range a.taken {
		if requests[0].key == key {
			list = append(list, address)
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return list
}

// find is the range that has the address for the Service; foreign tells of one that has it for others.
func (a *assignment) find(r *request, address netip.Addr) (within *addresses, foreign bool) {
	for _, candidate := range a.ranges {
		if candidate.off || !candidate.contains(address) {
			continue
		}
		if candidate.selector.Matches(r.labels) {
			return candidate, false
		}
		foreign = true
	}
	return nil, foreign
}

// keeps reports whether a pool that selects the Service has an address that it has already. A pool that gives nothing any more takes
// nothing away.
func (a *assignment) keeps(r *request, address netip.Addr) bool {
	return slices.ContainsFunc(a.ranges, func(within *addresses) bool { return within.contains(address) && within.selector.Matches(r.labels) })
}

// conflict is why the Service cannot have an address next to those that have it.
func (a *assignment) conflict(r *request, address netip.Addr) string {
	for _, other := range a.taken[address] {
		if r.key == "" {
			return "different sharing key"
		}
		if why := other.incompatible(r); why != "" {
			return why
		}
	}
	return ""
}

func (a *assignment) give(r *request, address netip.Addr) {
	r.given = append(r.given, address)
	a.taken[address] = append(a.taken[address], r)
}
