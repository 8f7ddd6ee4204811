package spec

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// pgpFingerprint is that of a key of version 4 (RFC 9580 5.5.4). SOPS takes it without blanks alone.
var pgpFingerprint = regexp.MustCompile(fingerprintGrammar)

// sopsPGP checks the keys of OpenPGP.
func (c *checker) sopsPGP(path *field.Path, p *SOPSPGP) {
	if p == nil {
		return
	}
	seen := map[string]int{}
	for i, f := range p.Fingerprints {
		at := path.Child("fingerprints").Index(i)
		bare := strings.ReplaceAll(f, " ", "")
		switch {
		case pgpFingerprint.MatchString(f):
		case pgpFingerprint.MatchString(bare):
			c.errorf(at, "%q has blanks in it; write %q", f, bare)
		default:
			c.errorf(at, "%q is not a fingerprint: 40 hexadecimal digits, as gpg --list-keys shows", f)
		}
		if first, ok := seen[strings.ToUpper(bare)]; ok {
			c.errorf(at, "is already fingerprints[%d]", first)
		}
		seen[strings.ToUpper(bare)] = i
	}
}

// kmsKeys are the forms of the clouds' keys, as SOPS takes them
// (https://getsops.io/docs/#usage).
var kmsKeys = map[KMSProvider]struct {
	form *regexp.Regexp
	hint string
}{
	"aws":   {regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[^,+]+$`), "the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID"},
	"gcp":   {regexp.MustCompile(`^projects/[^/,]+/locations/[^/,]+/keyRings/[^/,]+/cryptoKeys/[^/,]+$`), "the id of a key: projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/KEY"},
	"azure": {regexp.MustCompile(`^https://[a-z0-9-]+\.vault\.azure\.(net|cn|us)/keys/[^/,]+/[0-9a-f]{32}$`), "the URL of a version of a key: https://VAULT.vault.azure.net/keys/KEY/VERSION"},
}

// sopsKMS checks the keys of the clouds. Flux reads one credential for each of them.
func (c *checker) sopsKMS(path *field.Path, k *SOPS) {
	clouds, keys := map[KMSProvider]int{}, map[string]*field.Path{}
	for i, entry := range k.KMS {
		at := path.Index(i)
		if first, ok := clouds[entry.Provider]; ok && entry.Provider != "" {
			c.errorf(at.Child("provider"), "%s is already kms[%d], and Flux takes one credential for each cloud: put their keys together", entry.Provider, first)
		}
		clouds[entry.Provider] = i
		for j, key := range entry.Keys {
			p := at.Child("keys").Index(j)
			if form, known := kmsKeys[entry.Provider]; known && !form.form.MatchString(key) {
				c.errorf(p, "%q is not %s", key, form.hint)
			}
			if first, ok := keys[key]; ok {
				c.errorf(p, "is already %s", first)
			}
			keys[key] = field.NewPath("kms").Index(i).Child("keys").Index(j)
		}
	}
}
