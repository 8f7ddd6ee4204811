package spec

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// url checks that text is a URL with a host and one of the schemes, and returns it.
func (c *checker) url(path *field.Path, text string, schemes ...string) (*url.URL, bool) {
	u, err := url.Parse(text)
	switch {
	case err != nil || !strings.Contains(text, "://"):
		c.errorf(path, "%q is not a URL such as %s://host.example.com", text, schemes[0])
	case !slices.Contains(schemes, u.Scheme):
		c.errorf(path, "%q begins with %s://; it wants %s://", text, u.Scheme, strings.Join(schemes, ":// or "))
	case u.Host == "" || !validHost(u.Hostname()):
		c.errorf(path, "%q has no valid host name or address", text)
	case u.User != nil && hasPassword(u):
		c.errorf(path, "has a password in it, in plain text: keep it in a secret")
	default:
		return u, true
	}
	return nil, false
}

func hasPassword(u *url.URL) bool {
	_, ok := u.User.Password()
	return ok
}

func validHost(h string) bool {
	if _, err := netip.ParseAddr(h); err == nil {
		return true
	}
	return isDomain(strings.ToLower(strings.TrimSuffix(h, ".")))
}
