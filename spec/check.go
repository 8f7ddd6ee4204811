package spec

import (
	"fmt"
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/home-ops/home-ops/spec/internal/diskmatch"
)

// checker gathers the problems of one stack.
type checker struct {
	s *Stack
	// byName finds a node; of two with one name, which another rule refuses, the first.
	byName   map[string]int
	problems Problems
	// addresses is every single address that the plan gives to someone.
	addresses []placed
	// disks is every disk selector of the plan.
	disks []placedDisk
	// matcher evaluates disk expressions, and patchesRead is what Talos said of patches; both are asked the same again
	// and again.
	matcher     *diskmatch.Matcher
	patchesRead map[string]error
}

// checks are all kinds of rule, each reported whatever the others find.
var checks = []func(*checker){
	(*checker).shape,
	(*checker).names,
	(*checker).versions,
	(*checker).prefixes,
	(*checker).prefixSizes,
	(*checker).routers,
	(*checker).nodeAddresses,
	(*checker).vip,
	(*checker).resolvers,
	(*checker).links,
	(*checker).bonds,
	(*checker).extraLinks,
	(*checker).routes,
	(*checker).macs,
	(*checker).mtus,
	(*checker).vlans,
	(*checker).kubeSpan,
	(*checker).roles,
	(*checker).installDisks,
	(*checker).volumes,
	(*checker).images,
	(*checker).extensionSets,
	(*checker).extensionServices,
	(*checker).cards,
	(*checker).encryption,
	(*checker).kubelets,
	(*checker).labels,
	(*checker).taints,
	(*checker).kernels,
	(*checker).patches,
	(*checker).endpoint,
	(*checker).roll,
	(*checker).authorities,
	(*checker).controlPlaneArgs,
	(*checker).oidc,
	(*checker).registries,
	(*checker).registryAccess,
	(*checker).needed,
	(*checker).pools,
	(*checker).announcements,
	(*checker).bgp,
	(*checker).ciliumOptions,
	(*checker).devices,
	(*checker).extraValues,
	(*checker).ceph,
	(*checker).longhorn,
	(*checker).zfs,
	(*checker).storageClass,
	(*checker).repository,
	(*checker).webhook,
	(*checker).github,
	(*checker).exposure,
	(*checker).furtherDomains,
	(*checker).gateways,
	(*checker).dns,
	(*checker).certificates,
	(*checker).secretReferences,
	(*checker).secretStores,
	(*checker).strayReferences,
	(*checker).diskClashes,
	(*checker).cephPatterns,
	(*checker).addressClashes,
	(*checker).rangeClashes,
}

// Validate tells everything that is wrong with the plan, sorted by path. It is pure: it reads nothing but
// the stack, and contacts nobody.
func (s *Stack) Validate() Problems {
	c := newChecker(s)
	for _, check := range checks {
		check(c)
	}
	for i, p := range c.problems {
		c.problems[i] = s.source.locate(p)
	}
	return c.problems.sorted()
}

func newChecker(s *Stack) *checker {
	c := &checker{
		s: s, byName: make(map[string]int, len(s.Nodes)),
		matcher: diskmatch.New(), patchesRead: map[string]error{},
	}
	for i := range s.Nodes {
		if _, ok := c.byName[s.Nodes[i].Name]; !ok {
			c.byName[s.Nodes[i].Name] = i
		}
	}
	return c
}

// node finds a node by its name.
func (c *checker) node(name string) (*Node, bool) {
	i, ok := c.byName[name]
	if !ok {
		return nil, false
	}
	return &c.s.Nodes[i], true
}

// nodeIndex is the place of a node in the stack, or -1.
func (c *checker) nodeIndex(name string) int {
	if i, ok := c.byName[name]; ok {
		return i
	}
	return -1
}

// errorf reports what stops the program, unless the value could not even be read.
func (c *checker) errorf(path *field.Path, format string, args ...any) {
	c.add(Error, path, format, args...)
}

// warnf reports what its owner should know.
func (c *checker) warnf(path *field.Path, format string, args ...any) {
	c.add(Warning, path, format, args...)
}

func (c *checker) add(severity Severity, path *field.Path, format string, args ...any) {
	if c.s.isBad(path) {
		return
	}
	c.problems = append(c.problems, Problem{Severity: severity, Path: textOf(path), Message: fmt.Sprintf(format, args...)})
}

// eachNode visits the nodes with their paths.
func (c *checker) eachNode(visit func(path *field.Path, n *Node)) {
	for i := range c.s.Nodes {
		visit(nodePath(i), &c.s.Nodes[i])
	}
}

// defaulted marks a value that the stack file does not write.
func (c *checker) defaulted(path *field.Path) string {
	if c.s.source != nil && !c.s.isSet(path) {
		return ", which is the default,"
	}
	return ""
}

// listed joins prefixes for a message.
func listed(ps []netip.Prefix) string {
	out := make([]string, 0, len(ps))
	for _, p := range ps {
		if p.IsValid() {
			out = append(out, p.String())
		}
	}
	return strings.Join(out, ", ")
}

// quoted joins words for a message.
func quoted(words []string) string { return strings.Join(words, ", ") }

// quotedNames joins names, each in quotes, for a message.
func quotedNames(names []string) string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, fmt.Sprintf("%q", n))
	}
	return strings.Join(out, " or ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}

// familyName names an address family; six is IPv6.
func familyName(six bool) string {
	if six {
		return "IPv6"
	}
	return "IPv4"
}
