package spec

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	dnsLabel     = regexp.MustCompile(labelGrammar)
	topLevelForm = regexp.MustCompile(topLevelGrammar)
)

func isLabel(s string) bool { return dnsLabel.MatchString(s) }

// isDomain reports whether s is a lower-case DNS name of one part or more, without a trailing dot.
func isDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if !isLabel(p) {
			return false
		}
	}
	return topLevelForm.MatchString(parts[len(parts)-1])
}

// maxClusterName is Cilium's
// (https://docs.cilium.io/en/stable/network/clustermesh/clustermesh/#specify-the-cluster-name-and-id).
const maxClusterName = 32

// names checks what becomes a host name, a Kubernetes name or a DNS name.
func (c *checker) names() {
	s := c.s
	c.label(field.NewPath("cluster", "name"), s.Cluster.Name)
	if n := len(s.Cluster.Name); n > maxClusterName && isLabel(s.Cluster.Name) {
		c.errorf(field.NewPath("cluster", "name"), "%q has %d characters, and Cilium takes at most %d for a cluster's name", s.Cluster.Name, n, maxClusterName)
	}
	c.domains()
	seen := map[string]*field.Path{}
	c.eachNode(func(path *field.Path, n *Node) {
		at := path.Child("name")
		if n.Name == "" {
			return
		}
		c.hostName(at, n.Name)
		if short, _, dotted := strings.Cut(n.Name, "."); dotted {
			if other, ok := seen["short "+strings.ToLower(short)]; ok {
				c.errorf(at, "%q begins as the name of %s does: etcd and the kernel know a machine by its first part", n.Name, other)
			}
			seen["short "+strings.ToLower(short)] = path
		}
		if n.Name == "localhost" {
			c.errorf(at, `"localhost" names every machine; give the node a name of its own`)
		}
		if other, ok := seen[strings.ToLower(n.Name)]; ok {
			c.errorf(at, "%q is also the name of %s", n.Name, other)
			return
		}
		seen[strings.ToLower(n.Name)] = path
	})
	for i, p := range s.Cilium.Pools {
		c.unique(field.NewPath("cilium", "pools").Index(i), p.Name, "pool", seen)
	}
	if b := s.Cilium.BGP; b != nil {
		for i, p := range b.Peers {
			c.unique(field.NewPath("cilium", "bgp", "peers").Index(i), p.Name, "peer", seen)
		}
	}
	for i, name := range s.Cluster.APIServer.PodSecurityExemptNamespaces {
		c.label(field.NewPath("cluster", "apiServer", "podSecurityExemptNamespaces").Index(i), name)
	}
}

// hostName checks the name of a machine, of one part or more.
func (c *checker) hostName(path *field.Path, name string) {
	switch {
	case !strings.Contains(name, "."):
		c.label(path, name)
	case len(name) > 63:
		c.errorf(path, "%q has %d characters, and the label with a node's name takes 63", name, len(name))
	case !isDomain(name) && isDomain(strings.ToLower(name)):
		c.errorf(path, "%q has capitals, which DNS names cannot tell apart; write %q", name, strings.ToLower(name))
	case !isDomain(name):
		c.errorf(path, "%q is not a DNS name", name)
	}
}

// unique checks the name of an entry of a list, among those of its kind.
func (c *checker) unique(path *field.Path, name, kind string, seen map[string]*field.Path) {
	if name == "" {
		return
	}
	c.label(path.Child("name"), name)
	if other, ok := seen[kind+" "+name]; ok {
		c.errorf(path.Child("name"), "%q is also the name of %s", name, other)
		return
	}
	seen[kind+" "+name] = path
}

func (c *checker) label(path *field.Path, name string) {
	if name == "" || isLabel(name) {
		return
	}
	if lower := strings.ToLower(name); isLabel(lower) {
		c.errorf(path, "%q has capitals, which DNS names cannot tell apart; write %q", name, lower)
		return
	}
	c.errorf(path, "%q is not a DNS label: up to 63 small letters, digits and dashes, with a letter or digit at both ends", name)
}

func (c *checker) domains() {
	cl := c.s.Cluster
	if cl.Domain != "" {
		c.domain(field.NewPath("cluster", "domain"), cl.Domain)
	}
	if d := cl.DNSDomain; !isDomain(d) {
		c.errorf(field.NewPath("cluster", "dnsDomain"), "%q is not a DNS domain such as cluster.local", d)
	}
}

// within reports whether name is zone or lies under it.
func within(name, zone string) bool {
	return zone != "" && (name == zone || strings.HasSuffix(name, "."+zone))
}

// privateZones are never delegated to anyone: no public authority signs certificates for them.
var privateZones = []string{
	"local", "internal", "home.arpa", "lan", "home", "corp", "test", "localhost", "invalid", "example", "localdomain", "private", "intranet", "onion",
}

func privateZone(domain string) string {
	for _, z := range privateZones {
		if within(domain, z) {
			return z
		}
	}
	return ""
}
