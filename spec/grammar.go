package spec

import (
	"maps"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
)

// Form is how the values of a scalar type are written. The loader, its messages and the JSON Schema are made from the
// same forms, so that an editor marks what the loader refuses.
type Form struct {
	// Word names the form in the reference manual.
	Word string
	// Pattern is a regular expression without look-around, so that every validator can run it. It accepts whatever the
	// loader accepts and a plan can use; the loader's own check may be finer.
	Pattern string
	// Hint says in words what to write.
	Hint string
}

const (
	octet      = `(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	addr4      = octet + `(\.` + octet + `){3}`
	addr6      = `[0-9A-Fa-f]*:[0-9A-Fa-f:.]+`
	anyAddress = `(` + addr4 + `|` + addr6 + `)`
	anyPrefix  = `(` + addr4 + `/(3[0-2]|[12]?[0-9])|` + addr6 + `/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))`
	number     = `([0-9]+(\.[0-9]*)?|\.[0-9]+)`

	// macGrammar is six bytes with colons or dashes between them, in three groups with dots, or without anything.
	macGrammar = `^([0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2}|[0-9A-Fa-f]{12})$`
	// macPrefixGrammar is the beginning of such an address with "*" for the rest.
	macPrefixGrammar = `^([0-9A-Fa-f]{2}:){1,5}\*$`
	// diskPatternGrammar is a link of udev's with "*" in it.
	diskPatternGrammar = `^/dev/disk/by-(id|path)/[0-9A-Za-z#+.:=@_-]*\*[0-9A-Za-z#+.:=@_*-]*$`
	sizeGrammar        = `^([0-9]+(?:\.[0-9]+)?) ?(TiB|TB|GiB|GB|MiB|MB|KiB|kB|B)$`
	versionGrammar     = `^v?(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`
)

// forms are the scalar types with a written form of their own.
var forms = map[reflect.Type]Form{
	reflect.TypeFor[netip.Addr]():   {"address", `^` + anyAddress + `$`, "an IPv4 or IPv6 address, such as 10.0.50.11 or fd00:50::11"},
	reflect.TypeFor[netip.Prefix](): {"prefix", `^` + anyPrefix + `$`, "a network prefix, such as 10.0.0.0/16 or fd00:50::/64"},
	reflect.TypeFor[Range](): {
		"address block", `^(` + anyPrefix + `|` + anyAddress + `( *- *` + anyAddress + `)?)$`,
		"a prefix (10.0.60.0/24), a range (10.0.50.100-10.0.50.120) or one address",
	},
	reflect.TypeFor[MAC]():       {"MAC address", macGrammar, "a hardware address of six bytes, such as 52:54:00:12:34:56"},
	reflect.TypeFor[MACPrefix](): {"MAC prefix", macPrefixGrammar, "the beginning of a hardware address with * for the rest, such as 52:54:00:*"},
	reflect.TypeFor[DiskPattern](): {
		"disk pattern", diskPatternGrammar,
		"a link below /dev/disk/by-id or by-path with * for any characters but / and -",
	},
	reflect.TypeFor[Community](): {"BGP community", `^[0-9]{1,5}:[0-9]{1,5}$|^[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}$`, "a mark of routes, such as 64514:100 or 4200000000:1:100"},
	reflect.TypeFor[Size]():      {"size", sizeGrammar, "a size with a unit, such as 100GiB or 2TB"},
	reflect.TypeFor[Duration]():  {"duration", `^(` + number + `(ns|us|µs|μs|ms|s|m|h))+$`, "a span of time, such as 30s, 5m or 1h30m"},
	reflect.TypeFor[Version]():   {"version", versionGrammar, "a release as its project writes it, such as v1.34.1"},
	reflect.TypeFor[SecretRef](): {
		"secret reference", `^(op://[^/]+/[^/]+/.+|config:[^:]+)$`,
		"where the secret is kept: op://vault/item/field or config:KEY; never the secret itself",
	},
}

// FormOf is the written form of a type's values, if it has one of its own.
func FormOf(t reflect.Type) (Form, bool) {
	f, ok := forms[t]
	return f, ok
}

// Forms are all written forms.
func Forms() []Form { return slices.Collect(maps.Values(forms)) }

var (
	macForm     = regexp.MustCompile(macGrammar)
	sizeForm    = regexp.MustCompile(sizeGrammar)
	versionForm = regexp.MustCompile(versionGrammar)
)
