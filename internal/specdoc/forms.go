package specdoc

import (
	"net/netip"
	"reflect"

	"github.com/home-ops/home-ops/spec"
)

// form describes the written form of a scalar type: a pattern that accepts whatever the loader accepts and
// a plan can use (the loader's own check is finer), and the words for it.
type form struct {
	// word is the name of the form in the manual.
	word string
	// pattern is a regular expression without look-around, so that every validator can run it.
	pattern string
	// hint is what an editor says when the pattern does not match.
	hint string
}

const (
	octet   = `(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	addr4   = octet + `(\.` + octet + `){3}`
	addr6   = `[0-9A-Fa-f]*:[0-9A-Fa-f:.]+`
	address = `(` + addr4 + `|` + addr6 + `)`
	prefix  = `(` + addr4 + `/(3[0-2]|[12]?[0-9])|` + addr6 + `/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))`
	number  = `([0-9]+(\.[0-9]*)?|\.[0-9]+)`
)

var forms = map[reflect.Type]form{
	reflect.TypeFor[netip.Addr](): {
		"address", `^` + address + `$`,
		"an IPv4 or IPv6 address, such as 10.0.50.11 or fd00:50::11",
	},
	reflect.TypeFor[netip.Prefix](): {
		"prefix", `^` + prefix + `$`,
		"a network prefix, such as 10.0.0.0/16 or fd00:50::/64",
	},
	reflect.TypeFor[spec.Range](): {
		"address block", `^(` + prefix + `|` + address + `( *- *` + address + `)?)$`,
		"a prefix (10.0.60.0/24), a range (10.0.50.100-10.0.50.120) or one address",
	},
	reflect.TypeFor[spec.MAC](): {
		"MAC address", `^([0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2})$`,
		"a hardware address of six bytes, such as 52:54:00:12:34:56",
	},
	reflect.TypeFor[spec.Size](): {
		"size", `^[0-9]+(\.[0-9]+)? ?(TiB|TB|GiB|GB|MiB|MB|KiB|kB|B)$`,
		"a size with a unit, such as 100GiB or 2TB",
	},
	reflect.TypeFor[spec.Duration](): {
		"duration", `^(` + number + `(ns|us|µs|μs|ms|s|m|h))+$`,
		"a span of time, such as 30s, 5m or 1h30m",
	},
	reflect.TypeFor[spec.Version](): {
		"version", `^v?[0-9]+\.[0-9]+(\.[0-9]+)?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`,
		"a release as its project writes it, such as v1.34.1",
	},
	reflect.TypeFor[spec.SecretRef](): {
		"secret reference", `^(op://[^/]+/[^/]+/.+|config:[^:]+)$`,
		"where the secret is kept: op://vault/item/field or config:KEY; never the secret itself",
	},
}
