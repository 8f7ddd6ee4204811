package spec

import (
	"fmt"
	"net/netip"
	"strings"
)

// Range is a block of addresses, written as a prefix ("10.0.60.0/24"), as first and last address
// ("10.0.50.100-10.0.50.120") or as a single address.
type Range struct {
	// First and Last are the inclusive ends; both are of one family.
	First, Last netip.Addr
	// Prefix is the prefix that the block was written as, host bits included; it is invalid when the
	// block was written as addresses.
	Prefix netip.Prefix
}

// ParseRange reads the three written forms.
func ParseRange(s string) (Range, error) {
	bad := fmt.Errorf("%q is not a block of addresses: write a prefix (10.0.60.0/24), a range (10.0.50.100-10.0.50.120) or one address", s)
	if first, last, ok := strings.Cut(s, "-"); ok {
		a, errA := netip.ParseAddr(strings.TrimSpace(first))
		b, errB := netip.ParseAddr(strings.TrimSpace(last))
		switch {
		case errA != nil || errB != nil || a.Zone() != "" || b.Zone() != "":
			return Range{}, bad
		case a.Is4() != b.Is4():
			return Range{}, fmt.Errorf("%q begins in one address family and ends in the other", s)
		case b.Less(a):
			return Range{}, fmt.Errorf("%q ends before it begins: swap the two addresses", s)
		}
		return Range{First: a, Last: b}, nil
	}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return Range{}, bad
		}
		return RangeOf(p), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return Range{}, bad
	}
	return Range{First: a, Last: a}, nil
}

// RangeOf is the block of all addresses of a prefix.
func RangeOf(p netip.Prefix) Range {
	return Range{First: p.Masked().Addr(), Last: lastAddr(p), Prefix: p}
}

// IsValid reports whether the block holds any address.
func (r Range) IsValid() bool { return r.First.IsValid() && r.Last.IsValid() }

// Is6 reports whether the block is one of IPv6 addresses.
func (r Range) Is6() bool { return r.First.Is6() }

// Contains reports whether a lies in the block.
func (r Range) Contains(a netip.Addr) bool {
	return r.IsValid() && a.Is4() == r.First.Is4() && r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0
}

// Overlaps reports whether the two blocks share an address.
func (r Range) Overlaps(o Range) bool {
	return r.IsValid() && o.IsValid() && r.First.Is4() == o.First.Is4() &&
		r.First.Compare(o.Last) <= 0 && o.First.Compare(r.Last) <= 0
}

// Within reports whether the whole block lies inside p.
func (r Range) Within(p netip.Prefix) bool { return p.Contains(r.First) && p.Contains(r.Last) }

func (r Range) String() string {
	switch {
	case !r.IsValid():
		return ""
	case r.Prefix.IsValid():
		return r.Prefix.String()
	case r.First == r.Last:
		return r.First.String()
	default:
		return r.First.String() + "-" + r.Last.String()
	}
}

// MarshalText implements encoding.TextMarshaler.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Range) UnmarshalText(text []byte) error {
	parsed, err := ParseRange(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// lastAddr is the highest address of p: the broadcast address in IPv4.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
