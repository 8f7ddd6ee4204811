package kubelet

import (
	"net/netip"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// sandboxes are the pods that have one, and the addresses they got.
type sandboxes struct {
	mu    sync.Mutex
	cidrs []netip.Prefix
	pods  map[types.UID][]netip.Addr
	used  map[netip.Addr]bool
	// last is the address that was given out last, by network: a fresh one each time, as long as there are any.
	last map[netip.Prefix]netip.Addr
}

func newSandboxes() *sandboxes {
	return &sandboxes{pods: map[types.UID][]netip.Addr{}, used: map[netip.Addr]bool{}, last: map[netip.Prefix]netip.Addr{}}
}

func (s *sandboxes) setPodCIDRs(cidrs []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cidrs = s.cidrs[:0]
	for _, cidr := range cidrs {
		if prefix, err := netip.ParsePrefix(cidr); err == nil {
			s.cidrs = append(s.cidrs, prefix)
		}
	}
}

func (s *sandboxes) has(pod types.UID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.pods[pod]
	return ok
}

// addHost makes the sandbox of a pod in the host's network.
func (s *sandboxes) addHost(pod types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pods[pod] = nil
}

// add makes a sandbox with an address of each of the node's pod networks; without any, or with one that is full, there is none.
func (s *sandboxes) add(pod types.UID) ([]netip.Addr, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var addrs []netip.Addr
	for _, cidr := range s.cidrs {
		addr, ok := s.next(cidr)
		if !ok {
			return nil, false
		}
		addrs = append(addrs, addr)
	}
	if len(addrs) == 0 {
		return nil, false
	}
	for _, addr := range addrs {
		s.used[addr] = true
	}
	s.pods[pod] = addrs
	return addrs, true
}

// next needs the lock. The network's own address and the one after it, the node's router, are never a pod's.
func (s *sandboxes) next(cidr netip.Prefix) (netip.Addr, bool) {
	first := cidr.Masked().Addr().Next().Next()
	start, ok := s.last[cidr]
	if !ok {
		start = first.Prev()
	}
	for addr, wrapped := start.Next(), false; ; addr = addr.Next() {
		if !addr.IsValid() || !cidr.Contains(addr) || !cidr.Contains(addr.Next()) {
			if wrapped {
				return netip.Addr{}, false
			}
			addr, wrapped = first, true
		}
		if !s.used[addr] {
			s.last[cidr] = addr
			return addr, true
		}
	}
}

func (s *sandboxes) remove(pod types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, addr := range s.pods[pod] {
		delete(s.used, addr)
	}
	delete(s.pods, pod)
}
