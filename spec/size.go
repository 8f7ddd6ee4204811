package spec

import (
	"fmt"
	"math"
	"strconv"
)

// Size is a number of bytes, written with a unit: "500GiB" counts in 1024s, "500GB" in 1000s as disk
// vendors do.
type Size uint64

// The units in the order in which a size is printed: the largest that divides it wins.
var sizeUnits = []struct {
	name  string
	bytes uint64
}{
	{"TiB", 1 << 40},
	{"TB", 1e12},
	{"GiB", 1 << 30},
	{"GB", 1e9},
	{"MiB", 1 << 20},
	{"MB", 1e6},
	{"KiB", 1 << 10},
	{"kB", 1e3},
	{"B", 1},
}

// ParseSize reads a size such as "100GiB", "1.8TB" or "512MiB".
func ParseSize(s string) (Size, error) {
	m := sizeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is not a size with a unit, such as 100GiB or 2TB", s)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size with a unit, such as 100GiB or 2TB", s)
	}
	for _, u := range sizeUnits {
		if u.name != m[2] {
			continue
		}
		total := n * float64(u.bytes)
		if total >= math.MaxUint64/2 {
			return 0, fmt.Errorf("%q is larger than any disk", s)
		}
		return Size(math.Round(total)), nil
	}
	return 0, fmt.Errorf("%q has an unknown unit", s)
}

// Bytes returns the size as a plain number.
func (s Size) Bytes() uint64 { return uint64(s) }

func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && uint64(s)%u.bytes == 0 {
			return strconv.FormatUint(uint64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	parsed, err := ParseSize(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
