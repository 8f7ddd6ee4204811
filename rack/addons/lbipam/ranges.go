package lbipam

import (
	"fmt"
	"math/big"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
)

// pool is a CiliumLoadBalancerIPPool.
type pool struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ciliumio.LoadBalancerIPPoolSpec `json:",inline"`
		Disabled                        bool `json:"disabled"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions,omitempty"`
	} `json:"status"`
}

// addresses is one block of a pool, first and last included.
type addresses struct {
	pool        *pool
	selector    labels.Selector
	first, last netip.Addr
	// reserved are the network and the broadcast address, when the pool keeps them back.
	reserved []netip.Addr
	off      bool
}

// rangesOf is what the pool's blocks hold. A block that is none is an error, as it is for the operator.
func rangesOf(p *pool) ([]*addresses, error) {
	selector := labels.Everything()
	if p.Spec.ServiceSelector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(p.Spec.ServiceSelector); err != nil {
			return nil, fmt.Errorf("pool %s: serviceSelector: %w", p.Name, err)
		}
	}
	var list []*addresses
	for i, block := range p.Spec.Blocks {
		r, err := parse(block)
		if err != nil {
			return nil, fmt.Errorf("pool %s: blocks[%d]: %w", p.Name, i, err)
		}
		r.pool, r.selector, r.off = p, selector, p.Spec.Disabled
		// Of one or two addresses nothing would be left.
		if block.CIDR != "" && p.Spec.AllowFirstLastIPs == "No" && r.first != r.last && r.first.Next() != r.last {
			r.reserved = []netip.Addr{r.first, r.last}
		}
		list = append(list, r)
	}
	return list, nil
}

func parse(block ciliumio.IPBlock) (*addresses, error) {
	if block.CIDR != "" {
		prefix, err := netip.ParsePrefix(block.CIDR)
		if err != nil {
			return nil, err
		}
		prefix = prefix.Masked()
		return &addresses{first: prefix.Addr(), last: lastOf(prefix)}, nil
	}
	first, err := netip.ParseAddr(block.Start)
	if err != nil {
		return nil, err
	}
	if block.Stop == "" {
		return &addresses{first: first, last: first}, nil
	}
	last, err := netip.ParseAddr(block.Stop)
	if err != nil {
		return nil, err
	}
	return &addresses{first: first, last: last}, nil
}

func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

func (r *addresses) contains(a netip.Addr) bool {
	return a.BitLen() == r.first.BitLen() && a.Compare(r.first) >= 0 && a.Compare(r.last) <= 0
}

func (r *addresses) overlaps(other *addresses) bool {
	return r.contains(other.first) || other.contains(r.first)
}

// size is how many addresses there are, reserved ones included.
func (r *addresses) size() *big.Int {
	first, last := new(big.Int).SetBytes(r.first.AsSlice()), new(big.Int).SetBytes(r.last.AsSlice())
	return first.Sub(last, first).Add(first, big.NewInt(1))
}

// String is the range in the operator's words.
func (r *addresses) String() string { return fmt.Sprintf("%s - %s", r.first, r.last) }
