package spec

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// CardSelector finds a network card by what it is or where it is plugged in, for cards whose address is not known
// beforehand. Every given key must match, and exactly one card of the machine should
// (https://www.talos.dev/latest/talos-guides/network/device-selector/).
type CardSelector struct {
	// Driver is the kernel's driver of the card.
	Driver string `json:"driver,omitempty" example:"thunderbolt-net"`
	// BusPath is where the card is attached; "*" stands for any characters.
	BusPath string `json:"busPath,omitempty" example:"0-1.0"`
	// MACPrefix is the beginning of the hardware address, with "*" for the rest: the maker's part.
	MACPrefix MACPrefix `json:"macPrefix,omitempty" example:"52:54:00:*"`
	// PCIID is the card's vendor and device, as lspci tells them.
	PCIID string `json:"pciID,omitempty" form:"pci" example:"8086:1533"`
}

// IsZero reports whether nothing is selected.
func (s CardSelector) IsZero() bool { return s == CardSelector{} }

// String is the selector in one word, by which the links of a node are told apart.
func (s CardSelector) String() string {
	var parts []string
	for _, p := range []struct{ key, value string }{{"driver", s.Driver}, {"busPath", s.BusPath}, {"macPrefix", string(s.MACPrefix)}, {"pciID", s.PCIID}} {
		if p.value != "" {
			parts = append(parts, p.key+" "+p.value)
		}
	}
	return strings.Join(parts, ", ")
}

// MACPrefix is the beginning of a hardware address, such as "52:54:00:*".
type MACPrefix string

var macPrefixForm = regexp.MustCompile(macPrefixGrammar)

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *MACPrefix) UnmarshalText(text []byte) error {
	if !macPrefixForm.MatchString(string(text)) {
		return fmt.Errorf("%q is not the beginning of a MAC address with * for the rest, such as 52:54:00:*", text)
	}
	*m = MACPrefix(strings.ToLower(string(text)))
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (m MACPrefix) MarshalText() ([]byte, error) { return []byte(m), nil }

var pciID = regexp.MustCompile(pciGrammar)

// cards checks the selectors of cards, and that one of them does not choose what another link is on.
func (c *checker) cards() {
	c.eachNode(func(at *field.Path, n *Node) {
		c.cardSelector(at.Child("card"), n.Card, MAC{})
		for i, l := range n.ExtraLinks {
			c.cardSelector(at.Child("extraLinks").Index(i).Child("card"), l.Card, n.MAC)
		}
	})
}

// cardSelector checks one selector. It may not match the card of the node's address, whose hardware address is main; the
// selector of that very card gives none.
func (c *checker) cardSelector(at *field.Path, s CardSelector, main MAC) {
	if s.IsZero() {
		return
	}
	if s.PCIID != "" && !pciID.MatchString(s.PCIID) {
		c.errorf(at.Child("pciID"), "%q is not vendor:device in four small hexadecimal digits each, such as 8086:1533", s.PCIID)
	}
	prefix := strings.TrimSuffix(string(s.MACPrefix), "*")
	if prefix != "" && !main.IsZero() && strings.HasPrefix(main.String(), prefix) && s.Driver == "" && s.BusPath == "" && s.PCIID == "" {
		c.errorf(at.Child("macPrefix"), "%s also matches %s, the card of the node's address: add driver, busPath or a longer beginning", s.MACPrefix, main)
	}
}
