package spec

import (
	"encoding/hex"
	"fmt"
	"net"
	"strings"
)

// MAC is the hardware address of a network card: six bytes, written as "52:54:00:12:34:56", in either
// case, with colons or dashes, in groups as "5254.0012.3456", or without anything between. It prints in the lower-case colon form that Talos compares with.
type MAC [6]byte

var macSeparators = strings.NewReplacer(":", "", "-", "", ".", "")

// ParseMAC reads the forms that routers, labels and operating systems print.
func ParseMAC(s string) (MAC, error) {
	if !macForm.MatchString(s) {
		return MAC{}, fmt.Errorf("%q is not a MAC address of six bytes, such as 52:54:00:12:34:56", s)
	}
	raw, err := hex.DecodeString(macSeparators.Replace(s))
	if err != nil {
		return MAC{}, fmt.Errorf("%q: %w", s, err) // the form allows digits alone
	}
	return MAC(raw), nil
}

// IsZero reports whether no address was given.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsMulticast reports whether the address names a group, which no network card has as its own.
func (m MAC) IsMulticast() bool { return m[0]&1 == 1 }

func (m MAC) String() string {
	if m.IsZero() {
		return ""
	}
	return net.HardwareAddr(m[:]).String()
}

// MarshalText implements encoding.TextMarshaler.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *MAC) UnmarshalText(text []byte) error {
	parsed, err := ParseMAC(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
