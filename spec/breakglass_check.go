package spec

import (
	"net/url"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// breakGlass checks that copies can be sealed and have somewhere to go.
func (c *checker) breakGlass(b *BreakGlass) {
	path := field.NewPath("secrets", "breakGlass")
	seen := map[string]int{}
	for i, r := range b.Recipients {
		at := path.Child("recipients").Index(i)
		switch {
		case strings.HasPrefix(strings.ToUpper(r), "AGE-SECRET-KEY-"):
			c.errorf(at, "is a private key, in plain text: make a new one (age-keygen), and give its public key, which begins with age1")
		case !ageRecipient.MatchString(r):
			c.errorf(at, "%q is not an age public key: age1 and 58 small letters and digits", r)
		default:
			if _, err := age.ParseX25519Recipient(r); err != nil {
				c.errorf(at, "%q is an age public key with a letter that is wrong: its checksum does not fit", r)
			}
		}
		if first, ok := seen[r]; ok {
			c.errorf(at, "is already recipients[%d]", first)
		}
		seen[r] = i
	}
	c.breakGlassPlace(path.Child("place"), b.Place)
	if s := c.s.Secrets.SOPS; s != nil && len(b.Recipients) > 0 {
		c.breakGlassApart(path.Child("recipients"), b.Recipients, s.AgeRecipients)
	}
}

func (c *checker) breakGlassPlace(path *field.Path, place string) {
	if place == "" {
		return // required says so
	}
	if strings.HasPrefix(place, "s3://") {
		u, err := url.Parse(place)
		switch {
		case err != nil || u.Host == "":
			c.errorf(path, "%q is not s3://bucket/prefix", place)
		case u.User != nil:
			c.errorf(path, "has keys in it: they belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		case u.Query().Get("endpoint") != "":
			c.url(path, u.Query().Get("endpoint"), "http", "https")
		}
		return
	}
	if !filepath.IsAbs(place) && !strings.HasPrefix(place, "~/") {
		c.errorf(path, "%q is neither an absolute path, nor one from ~/ on, nor s3://bucket/prefix", place)
	}
}

// breakGlassApart warns where every key is one of those that Flux or editors of the repository use every day.
func (c *checker) breakGlassApart(path *field.Path, recipients, daily []string) {
	used := map[string]bool{}
	for _, r := range daily {
		used[r] = true
	}
	for _, r := range recipients {
		if !used[r] {
			return
		}
	}
	c.warnf(path, "are all among secrets.sops.ageRecipients, whose private key is in the cluster: it is lost with it, and whoever reads it there reads the machine secrets too")
}
