package spec

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	configKey    = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]*$`)
	ageRecipient = regexp.MustCompile(`^age1[02-9ac-hj-np-z]{58}$`)
	agePlugin    = regexp.MustCompile(`^age1[a-z0-9+._-]+1[02-9ac-hj-np-z]+$`)
)

// secretReferences checks that every reference leads somewhere. The text of what may be a secret itself is
// never repeated.
func (c *checker) secretReferences() {
	used := map[string]bool{}
	for _, l := range c.s.secretRefs() {
		if key, ok := l.ref.ConfigKey(); ok {
			used[key] = true
			c.configSecret(l.path, key)
			continue
		}
		_, _, _, ok := l.ref.OnePassword()
		switch {
		case !ok && strings.HasPrefix(string(l.ref), "op://"):
			c.errorf(l.path, "%q is not op://vault/item/field", l.ref)
		case !ok:
			c.errorf(l.path, "is neither op://vault/item/field nor config:key; a secret itself does not belong here")
		case c.s.Secrets.OnePassword == nil && !c.anyBad(field.NewPath("secrets")):
			c.errorf(l.path, "%s is in 1Password, and there is no secrets.onePassword to read it with", l.ref)
		case !c.s.Secrets.OnePassword.Readable() && !strings.HasPrefix(l.path.String(), "secrets.onePassword.") && !c.anyBad(field.NewPath("secrets")):
			c.errorf(l.path, "%s is in 1Password, which this program reads only through secrets.onePassword.connectHost or "+
				"serviceAccountTokenRef: a Connect server in the cluster comes too late; set one, or keep the secret as config:key", l.ref)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.s.secretKeys)) {
		if !used[key] {
			c.warnf(field.NewPath(key), "is a secret that nothing refers to (config:%s)", key)
		}
	}
}

func (c *checker) configSecret(path *field.Path, key string) {
	switch {
	case !configKey.MatchString(key):
		c.errorf(path, "config:%s does not name a key: letters, digits, dashes and underscores", key)
	case slices.Contains(Keys(), key):
		c.errorf(path, "config:%s is not a secret but a part of the stack file", key)
	case c.s.secretKeys != nil && !c.s.secretKeys[key]:
		c.errorf(path, "the stack has no secret %s:%s; set it with `pulumi config set --secret %s:%s`", Namespace, key, Namespace, key)
	}
}

// secretStores checks 1Password, SOPS and the break-glass copies.
func (c *checker) secretStores() {
	if o := c.s.Secrets.OnePassword; o != nil {
		c.onePassword(o)
	}
	if k := c.s.Secrets.SOPS; k != nil {
		c.sops(k)
	}
	if b := c.s.Secrets.BreakGlass; b != nil {
		c.breakGlass(b)
	}
}

func (c *checker) onePassword(o *OnePassword) {
	path := field.NewPath("secrets", "onePassword")
	for _, v := range []struct{ key, name string }{{"vault", o.Vault}, {"breakGlassVault", o.BreakGlassVault}} {
		if strings.ContainsAny(v.name, "/:") {
			c.errorf(path.Child(v.key), "%q is not the name of a vault", v.name)
		}
	}
	if o.ConnectHost != "" {
		c.url(path.Child("connectHost"), o.ConnectHost, "http", "https")
		if o.CredentialsRef != "" {
			c.errorf(path.Child("credentialsRef"), "is for a Connect server in the cluster, and connectHost names one outside")
		}
		if o.ServiceAccountTokenRef != "" {
			c.errorf(path.Child("serviceAccountTokenRef"), "is for a stack without connectHost: this program reads 1Password through one of the two")
		}
	}
	switch {
	case o.BreakGlassVault == "":
	case !o.Readable():
		c.errorf(path.Child("breakGlassVault"), "needs connectHost or serviceAccountTokenRef: this program writes the item, and reaches no Connect server in the cluster")
	case o.BreakGlassVault == o.Vault:
		c.errorf(path.Child("breakGlassVault"), "is also vault (%s), which every app of the cluster can read: whoever runs one would own the cluster", o.Vault)
	}
	for _, r := range []struct {
		key string
		ref SecretRef
	}{{"credentialsRef", o.CredentialsRef}, {"tokenRef", o.TokenRef}, {"serviceAccountTokenRef", o.ServiceAccountTokenRef}} {
		if strings.HasPrefix(string(r.ref), "op://") {
			c.errorf(path.Child(r.key), "%s is in 1Password, which cannot be opened without it; keep it as config:key", r.ref)
		}
	}
}

func (c *checker) sops(k *SOPS) {
	path := field.NewPath("secrets", "sops")
	seen := map[string]int{}
	software := 0
	for i, r := range k.AgeRecipients {
		at := path.Child("ageRecipients").Index(i)
		switch {
		case strings.HasPrefix(strings.ToUpper(r), "AGE-SECRET-KEY-"):
			software++
			c.errorf(at, "is a private key, in plain text: make a new one (age-keygen), and give its public key, which begins with age1")
		case ageRecipient.MatchString(r):
			software++
			if _, err := age.ParseX25519Recipient(r); err != nil {
				c.errorf(at, "%q is an age public key with a letter that is wrong: its checksum does not fit", r)
			}
		case agePlugin.MatchString(r):
			if _, _, err := plugin.ParseRecipient(r); err != nil {
				c.errorf(at, "%q is an age public key with a letter that is wrong: its checksum does not fit", r)
			}
		default:
			software++
			c.errorf(at, "%q is not an age public key: age1 and 58 small letters and digits", r)
		}
		if first, ok := seen[r]; ok {
			c.errorf(at, "is already ageRecipients[%d]", first)
		}
		seen[r] = i
	}
	if len(k.AgeRecipients) > 0 && software == 0 {
		c.errorf(path.Child("ageRecipients"), "are all of hardware keys, which Flux cannot ask: add one of age-keygen, whose private key keyRef gives")
	}
	switch {
	case len(k.AgeRecipients)+len(k.KMS) == 0 && k.PGP == nil && !c.anyBad(path, path.Child("ageRecipients"), path.Child("pgp"), path.Child("kms")):
		c.errorf(path, "encrypts for nobody: give ageRecipients (age-keygen makes a key), pgp or kms")
	case len(k.AgeRecipients) == 0 && k.KeyRef != "":
		c.errorf(path.Child("keyRef"), "is the private key of one of ageRecipients, and there are none")
	}
	c.sopsPGP(path.Child("pgp"), k.PGP)
	c.sopsKMS(path.Child("kms"), k)
	c.label(path.Child("secretName"), k.SecretName)
}
