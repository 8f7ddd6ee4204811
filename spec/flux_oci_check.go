package spec

import (
	"net/url"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
	ociTag  = regexp.MustCompile(tagGrammar)
	ociName = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
)

// artifact checks what is said of an artifact in a registry in place of a Git repository.
func (c *checker) artifact(u *url.URL) {
	at := field.NewPath("flux", "repository")
	f := c.s.Flux
	name := strings.Trim(u.Path, "/")
	switch bare, tag, tagged := strings.Cut(name, ":"); {
	case tagged && ociName.MatchString(bare):
		c.errorf(at, "%q has a tag in it; write oci://%s/%s, and %s in flux.tag", f.Repository, u.Host, bare, tag)
	case strings.Contains(name, "@"):
		c.errorf(at, "%q names one artifact for ever; give the repository, and follow a tag of it by flux.tag", f.Repository)
	case name != "" && !ociName.MatchString(name):
		c.errorf(at, "%q is not a repository of a registry: small letters, digits, dots, dashes and underscores", f.Repository)
	}
	if f.Tag != "" && !ociTag.MatchString(f.Tag) || f.Tag == "" && c.s.isSet(field.NewPath("flux", "tag")) {
		c.errorf(field.NewPath("flux", "tag"), "%q is not a tag such as latest", f.Tag)
	}
	if c.s.isSet(field.NewPath("flux", "branch")) {
		c.errorf(field.NewPath("flux", "branch"), "is of a Git repository, and flux.repository is an artifact: use tag")
	}
	for _, wrong := range []struct {
		key *field.Path
		set bool
	}{{field.NewPath("flux", "webhook"), f.Webhook != nil}, {field.NewPath("flux", "github"), f.GitHub != nil}} {
		if wrong.set {
			c.errorf(wrong.key, "is about pushes to a Git repository, and flux.repository is an artifact, at which Flux looks every flux.interval")
		}
	}
}
