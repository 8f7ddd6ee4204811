package spec

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ExtensionService is the settings of a service that an extension brings
// (https://www.talos.dev/latest/reference/configuration/extensions/extensionserviceconfig/).
type ExtensionService struct {
	// Name is the service's name: that of its extension, without the maker.
	Name string `json:"name" required:"true" example:"tailscale"`
	// Environment are variables of the service.
	Environment map[string]string `json:"environment,omitempty"`
	// SecretEnvironment are variables whose values are kept elsewhere.
	SecretEnvironment map[string]SecretRef `json:"secretEnvironment,omitempty"`
	// Files are files that the service reads.
	Files []ExtensionFile `json:"files,omitempty"`
}

// ExtensionFile is a file of an extension's service.
type ExtensionFile struct {
	// Path is where the service sees the file.
	Path string `json:"path" required:"true" example:"/usr/local/etc/nut/upsmon.conf"`
	// Content is the file's text. Give it or ContentRef.
	Content string `json:"content,omitempty"`
	// ContentRef says where the file's text is kept, for a file with secrets in it.
	ContentRef SecretRef `json:"contentRef,omitempty" example:"op://home/nut/upsmon"`
}

// wantsConfiguration are the extensions whose service waits for its settings for ever
// (https://github.com/siderolabs/extensions#catalog).
var wantsConfiguration = []string{"cloudflared", "nebula", "netbird", "newt", "nut-client", "tailscale", "zerotier"}

var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// extensionServices checks that each service has its extension, and each extension that waits for settings has them.
func (c *checker) extensionServices() {
	c.eachNode(func(at *field.Path, n *Node) {
		seen := map[string]int{}
		for i, s := range n.ExtensionServices {
			p := at.Child("extensionServices").Index(i)
			if first, ok := seen[s.Name]; ok && s.Name != "" {
				c.errorf(p.Child("name"), "%q is also extensionServices[%d]: put them together", s.Name, first)
			}
			seen[s.Name] = i
			if s.Name != "" && !slices.ContainsFunc(n.Extensions, func(e string) bool { return strings.HasSuffix(e, "/"+s.Name) }) {
				c.errorf(p.Child("name"), "no extension of the node brings a service %q: add siderolabs/%s to extensions", s.Name, s.Name)
			}
			if len(s.Environment)+len(s.SecretEnvironment)+len(s.Files) == 0 {
				c.errorf(p, "says nothing: give environment, secretEnvironment or files")
			}
			c.serviceVariables(p, s)
			c.serviceFiles(p, s)
		}
		for i, e := range n.Extensions {
			name := strings.TrimPrefix(e, "siderolabs/")
			if _, given := seen[name]; !given && slices.Contains(wantsConfiguration, name) && !n.patchesDocument("ExtensionServiceConfig", name) {
				c.errorf(at.Child("extensions").Index(i), "%s does not start without settings: give it some in extensionServices", e)
			}
		}
	})
}

func (c *checker) serviceVariables(at *field.Path, s ExtensionService) {
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if !environmentName.MatchString(name) {
			c.errorf(entry(at.Child("environment"), name), "is not the name of a variable")
		}
		if _, twice := s.SecretEnvironment[name]; twice {
			c.errorf(entry(at.Child("environment"), name), "is also secretEnvironment.%s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.SecretEnvironment)) {
		if !environmentName.MatchString(name) {
			c.errorf(entry(at.Child("secretEnvironment"), name), "is not the name of a variable")
		}
	}
}

func (c *checker) serviceFiles(at *field.Path, s ExtensionService) {
	seen := map[string]int{}
	for i, f := range s.Files {
		p := at.Child("files").Index(i)
		switch {
		case f.Content == "" && f.ContentRef == "":
			c.errorf(p, "has neither content nor contentRef")
		case f.Content != "" && f.ContentRef != "":
			c.errorf(p, "content and contentRef both fill the file: keep one")
		}
		if f.Path != "" && !strings.HasPrefix(f.Path, "/") {
			c.errorf(p.Child("path"), "%q is not an absolute path", f.Path)
		}
		if first, ok := seen[f.Path]; ok && f.Path != "" {
			c.errorf(p.Child("path"), "%s is already files[%d]", f.Path, first)
		}
		seen[f.Path] = i
	}
}

// patchesDocument reports whether a patch of the node is a document of that kind and name.
func (n Node) patchesDocument(kind, name string) bool {
	return slices.ContainsFunc(n.Patches, func(p map[string]any) bool { return p["kind"] == kind && p["name"] == name })
}
