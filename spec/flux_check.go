package spec

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the form of ssh's list of hosts
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// knownGitHosts are those whose ssh host keys the program brings along.
var knownGitHosts = []string{"github.com", "gitlab.com", "codeberg.org"}

// publicGitHosts reach the cluster only over the Internet.
var publicGitHosts = []string{"github.com", "gitlab.com", "codeberg.org", "bitbucket.org"}

var scpForm = regexp.MustCompile(`^(?:([^/@:]+)@)?([^/@:]+):([^/].*)$`)

// repositoryURL is the parsed clone URL, if it is one.
func (f Flux) repositoryURL() (*url.URL, bool) {
	u, err := url.Parse(f.Repository)
	if err != nil || u.Host == "" {
		return nil, false
	}
	return u, true
}

// repository checks where Flux reads from.
func (c *checker) repository() {
	f := c.s.Flux
	c.repositoryForm()
	c.branch(field.NewPath("flux", "branch"), f.Branch)
	switch p := f.Path; {
	case p == "" && c.s.isSet(field.NewPath("flux", "path")):
		c.errorf(field.NewPath("flux", "path"), "is empty: Flux would apply the whole repository; give this cluster's directory")
	case p == "":
	case strings.HasPrefix(p, "/"):
		c.errorf(field.NewPath("flux", "path"), "%q is absolute; it counts from the top of the repository", p)
	case strings.Contains(p, "\\") || slices.Contains(strings.Split(p, "/"), ".."):
		c.errorf(field.NewPath("flux", "path"), "%q leads out of the repository", p)
	case path.Clean(p) == ".":
		c.warnf(field.NewPath("flux", "path"), "%q is the whole repository: Flux applies every manifest in it", p)
	}
	if d := f.Interval.Of(); d > 0 && d < 30*time.Second || d < 0 {
		c.errorf(field.NewPath("flux", "interval"), "%s is shorter than 30s, which Git servers answer by refusing", f.Interval)
	}
}

func (c *checker) repositoryForm() {
	at := field.NewPath("flux", "repository")
	f := c.s.Flux
	if f.Repository == "" {
		return
	}
	if m := scpForm.FindStringSubmatch(f.Repository); m != nil && !strings.Contains(f.Repository, "://") {
		user := m[1]
		if user == "" {
			user = "git"
		}
		c.errorf(at, "%q is a form that only git itself reads; write ssh://%s@%s/%s", f.Repository, user, m[2], m[3])
		return
	}
	u, ok := c.url(at, f.Repository, "https", "ssh", "http", "oci")
	if !ok {
		return
	}
	if f.Tag != "" && u.Scheme != "oci" {
		c.errorf(field.NewPath("flux", "tag"), "is of artifacts at oci://, and flux.repository is a Git repository: use branch")
	}
	if c.s.isSet(field.NewPath("flux", "username")) && f.TokenRef == "" {
		c.errorf(field.NewPath("flux", "username"), "has no effect without tokenRef")
	}
	if strings.Trim(u.Path, "/") == "" {
		c.errorf(at, "%q names no repository; write for example %s://%s/owner/name.git", f.Repository, u.Scheme, u.Host)
	}
	switch u.Scheme {
	case "ssh":
		if u.User == nil || u.User.Username() == "" {
			c.errorf(at, "%q has no user, which ssh wants; write ssh://git@%s%s", f.Repository, u.Host, u.Path)
		}
		c.hostKeys(u.Hostname(), u.Port())
		if f.TokenRef != "" {
			c.errorf(field.NewPath("flux", "tokenRef"), "is for https; this repository is cloned over ssh, with privateKeyRef")
		}
		return
	case "oci":
		c.artifact(u)
	case "http":
		c.warnf(at, "http is neither encrypted nor signed: whoever is on the way can put anything into the cluster")
	}
	if u.User != nil {
		c.errorf(at, "has a user in it; give the token by tokenRef")
	}
	if f.PrivateKeyRef != "" {
		c.errorf(field.NewPath("flux", "privateKeyRef"), "is for ssh; this repository is cloned over %s, with tokenRef", u.Scheme)
	}
	if f.KnownHosts != "" {
		c.errorf(field.NewPath("flux", "knownHosts"), "is for ssh; this repository is cloned over %s", u.Scheme)
	}
}

// hostKeys checks that Flux can know the server: it refuses unknown ones.
func (c *checker) hostKeys(host, port string) {
	known := c.s.Flux.KnownHosts
	if known == "" {
		if !slices.Contains(knownGitHosts, host) {
			c.errorf(field.NewPath("flux", "knownHosts"), "is missing: give the output of `ssh-keyscan %s`; only the keys of %s are known already", host, quoted(knownGitHosts))
		}
		return
	}
	found := false
	for i, line := range strings.Split(strings.TrimSpace(known), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(fields) < 3 {
			c.errorf(field.NewPath("flux", "knownHosts"), "line %d is not: host, kind of key, key", i+1)
			return
		}
		if !hostKey(fields[1], fields[2]) {
			c.errorf(field.NewPath("flux", "knownHosts"), "line %d: the key is not one of kind %s; a part of it may be missing", i+1, fields[1])
			return
		}
		found = found || hostKeyOf(fields[0], host, port)
	}
	if !found {
		c.errorf(field.NewPath("flux", "knownHosts"), "has no line for %s, the host of flux.repository", sshHost(host, port))
	}
}

// hostKeyOf reports whether the first word of a line of known hosts names the server
// (https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT). Hashed names cannot be told apart without the salt, so
// they are computed.
func hostKeyOf(names, host, port string) bool {
	want := sshHost(host, port)
	if hashed, ok := strings.CutPrefix(names, "|1|"); ok {
		salt, sum, _ := strings.Cut(hashed, "|")
		key, err := base64.StdEncoding.DecodeString(salt)
		mac := hmac.New(sha1.New, key)
		mac.Write([]byte(want))
		return err == nil && base64.StdEncoding.EncodeToString(mac.Sum(nil)) == sum
	}
	return slices.ContainsFunc(strings.Split(names, ","), func(name string) bool {
		match, err := path.Match(strings.ToLower(name), strings.ToLower(want))
		return strings.EqualFold(name, want) || err == nil && match && strings.ContainsAny(name, "*?")
	})
}

// sshHost is a server as ssh writes it into its list.
func sshHost(host, port string) string {
	if port == "" || port == "22" {
		return host
	}
	return "[" + host + "]:" + port
}

// hostKey reports whether a key is whole, and of its kind: a key begins with the length and the name of its kind.
func hostKey(kind, key string) bool {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) < 4 {
		return false
	}
	n := int(binary.BigEndian.Uint32(raw))
	if n < 0 || n > len(raw)-4 || string(raw[4:4+n]) != kind {
		return false
	}
	for rest := raw[4+n:]; len(rest) > 0; {
		if len(rest) < 4 {
			return false
		}
		part := int(binary.BigEndian.Uint32(rest))
		if part < 0 || part > len(rest)-4 {
			return false
		}
		rest = rest[4+part:]
	}
	return len(raw) > 4+n
}

// branch holds a name against git's rules (https://git-scm.com/docs/git-check-ref-format).
func (c *checker) branch(at *field.Path, name string) {
	bad := name != "" && (strings.ContainsAny(name, " ~^:?*[\\\t\n") || strings.Contains(name, "..") || strings.Contains(name, "@{") ||
		strings.HasPrefix(name, "/") || strings.HasPrefix(name, "-") || strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".") ||
		strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, "refs/"))
	if bad {
		c.errorf(at, "%q is not the name of a branch", name)
	}
	if name == "" && c.s.isSet(at) {
		c.errorf(at, "is empty; leave it out for main")
	}
}
