package specdoc

import (
	"encoding"
	"net/netip"
	"reflect"
	"regexp"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

// An editor must not mark what the loader accepts, and should mark what it refuses.
func TestForms_AgreeWithTheLoader(t *testing.T) {
	for _, c := range []struct {
		target    encoding.TextUnmarshaler
		good, bad []string
	}{
		{new(netip.Addr), []string{"10.0.50.11", "fd00:50::11", "::1", "::", "fe80::1"}, []string{"10.0.50", "10.0.50.11/24", "router", ""}},
		{new(netip.Prefix), []string{"10.0.0.0/16", "fd00::/8", "::/0"}, []string{"10.0.0.0", "/16", "10.0.0.0/", "10.0.0.0/x"}},
		{new(spec.Range), []string{"10.0.60.0/24", "10.0.50.1-10.0.50.9", "10.0.50.1 - 10.0.50.9", "10.0.50.1", "fd00::1-fd00::9"}, []string{"10.0.50.1-", "-10.0.50.1", "10.0.50.1-20", "x"}},
		{new(spec.MAC), []string{"52:54:00:12:34:56", "52-54-00-AB-CD-EF", "5254.0012.3456", "525400abcdef"}, []string{"52:54:00:12:34", "5254001234567", "52:54:00:12:34:5g", "52:54-00:12:34:56"}},
		{new(spec.MACPrefix), []string{"52:54:00:*", "AA:*"}, []string{"*", "52:54:00:12:34:56", "52:54*"}},
		{new(spec.Size), []string{"100GiB", "1.8TB", "512 MiB", "7B"}, []string{"100", "GiB", "100gib", "-1GB"}},
		{new(spec.Duration), []string{"30s", "1h30m", "100ms", "1.5h", ".5s", "3us", "3µs"}, []string{"30", "s", "1d", "5 m"}},
	} {
		typ := reflect.TypeOf(c.target).Elem()
		form, ok := spec.FormOf(typ)
		if !ok {
			t.Fatalf("%s has no form", typ)
		}
		pattern := regexp.MustCompile(form.Pattern)
		for _, s := range c.good {
			if err := c.target.UnmarshalText([]byte(s)); err != nil {
				t.Errorf("%s: the loader refuses %q: %v", typ, s, err)
			}
			if !pattern.MatchString(s) {
				t.Errorf("%s: the schema refuses %q", typ, s)
			}
		}
		for _, s := range c.bad {
			if pattern.MatchString(s) {
				t.Errorf("%s: the schema accepts %q", typ, s)
			}
			if err := c.target.UnmarshalText([]byte(s)); err == nil && s != "" {
				t.Errorf("%s: the loader accepts %q", typ, s)
			}
		}
	}
}
