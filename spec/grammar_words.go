package spec

import "reflect"

// The expressions of texts that have no type of their own. Rules compile the same ones.
const (
	label = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`
	// labelGrammar is a DNS label (RFC 1123), which Kubernetes wants of most names.
	labelGrammar = `^` + label + `$`
	// topLevelGrammar is the last part of a name, which is never all digits, or it would be an address.
	topLevel        = `[a-z]([a-z0-9-]{0,61}[a-z0-9])?`
	topLevelGrammar = `^` + topLevel + `$`
	domainGrammar   = `^(` + label + `\.)*` + topLevel + `$`

	// nodeNameGrammar is one label, or a name of several.
	nodeNameGrammar = `^(` + label + `|(` + label + `\.)+` + topLevel + `)$`

	hostGrammar         = `^[a-z0-9.-]+(:[0-9]+)?$`
	linkNameGrammar     = `^[a-zA-Z0-9][a-zA-Z0-9_-]{0,14}$`
	volumeNameGrammar   = `^[a-zA-Z0-9-]{1,34}$`
	extensionGrammar    = `^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9_-]*$`
	installerGrammar    = `^([a-z0-9.-]+\.[a-z0-9.-]+(:[0-9]+)?|[a-z0-9-]+:[0-9]+)(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`
	pciGrammar          = `^[0-9a-f]{4}:[0-9a-f]{4}$`
	cloudflareIDGrammar = `^[0-9a-f]{32}$`
	awsKeyIDGrammar     = `^[A-Z0-9]{16,128}$`
	awsZoneIDGrammar    = `^Z[A-Z0-9]{1,31}$`
	awsRegionGrammar    = `^[a-z]{2,3}(-[a-z]+)+-[0-9]$`
	tagGrammar          = `^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`
	fingerprintGrammar  = `^[0-9A-Fa-f]{40}$`
)

// words are the forms that a field's tag "form" can name.
var words = map[string]Form{
	"label":           {"DNS label", labelGrammar, "small letters, digits and dashes, with a letter or digit at both ends"},
	"domain":          {"DNS name", domainGrammar, "a DNS name in small letters without a dot at its end, such as example.com"},
	"node":            {"DNS name", nodeNameGrammar, "a DNS name of one part or more in small letters, such as cp-1"},
	"host":            {"host", hostGrammar, "a host, with a port or without, such as factory.talos.dev"},
	"interface":       {"interface name", linkNameGrammar, "the kernel's name of a network interface, up to 15 letters, digits, dashes and underscores"},
	"volume":          {"volume name", volumeNameGrammar, "1 to 34 letters, digits and dashes"},
	"extension":       {"image name", extensionGrammar, "maker and name, such as siderolabs/i915"},
	"installer":       {"repository", installerGrammar, "the repository of an image without its tag, such as ghcr.io/example/talos-installer"},
	"pci":             {"PCI id", pciGrammar, "vendor:device in four small hexadecimal digits each, such as 8086:1533"},
	"cloudflare":      {"id", cloudflareIDGrammar, "32 digits and letters a to f, as in the address of Cloudflare's dashboard"},
	"awsKey":          {"id", awsKeyIDGrammar, "the id of an access key, such as AKIAIOSFODNN7EXAMPLE"},
	"awsZone":         {"id", awsZoneIDGrammar, "the id of a hosted zone: Z, then capitals and digits"},
	"awsRegion":       {"region", awsRegionGrammar, "a region such as us-east-1"},
	"tag":             {"tag", tagGrammar, "a tag of a registry, such as latest"},
	"fingerprint":     {"fingerprint", fingerprintGrammar, "a fingerprint of 40 hexadecimal digits without blanks"},
	"https":           {"URL", `^https://[^\s/?#]+(/[^\s]*)?$`, "a URL such as https://host.example.com"},
	"web":             {"URL", `^https?://[^\s]+$`, "a URL such as https://host.example.com"},
	"keyServer":       {"URL", `^(https|grpc)://[^\s]+$`, "a URL such as https://kms.example.com:4050"},
	"sourceOfTheTree": {"URL", `^(https|http|ssh|oci)://[^\s]+$`, "a URL such as https://github.com/me/home.git"},
}

// FormOfField is the written form of a field's text, or of the texts of its list, that its type does not tell.
func FormOfField(f reflect.StructField) (Form, bool) {
	form, ok := words[f.Tag.Get("form")]
	return form, ok
}
