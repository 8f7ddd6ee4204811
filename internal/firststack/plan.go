// Package firststack writes the first stack file of a cluster from the few things that nobody can guess.
package firststack

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// The releases that a new cluster begins with.
const (
	// renovate: datasource=github-releases depName=siderolabs/talos
	TalosVersion spec.Version = "v1.14.1"
	// renovate: datasource=docker depName=ghcr.io/siderolabs/kubelet
	KubernetesVersion spec.Version = "v1.36.4"
)

// oldestMedia is the first minor release whose media the program's machine configs are made for.
const oldestMedia spec.Version = "v1.11.0"

// TalosFor is the release that machines with these boot media should be made with: [TalosVersion] where one of the media is
// of that minor and none of an older one, and where one is of a release that the program does not know. Else it is the oldest
// of them: a machine in maintenance mode reads its config by the release of its media, and refuses what came later.
func TalosFor(media []spec.Version) spec.Version {
	if len(media) == 0 {
		return TalosVersion
	}
	oldest := media[0]
	for _, version := range media {
		if !version.Reaches(oldestMedia) || !spec.NewestTalos().Reaches(version) {
			return TalosVersion
		}
		if oldest.Reaches(version) {
			oldest = version
		}
	}
	if oldest.Minor() == TalosVersion.Minor() {
		return TalosVersion
	}
	return oldest
}

// KubernetesFor is the release of Kubernetes for a Talos: [KubernetesVersion], or the newest that an older Talos runs.
func KubernetesFor(talos spec.Version) spec.Version {
	return spec.NewestKubernetes(spec.Talos, talos, KubernetesVersion)
}

// KubernetesForCeph is the newest release of Kubernetes, up to the given one, that the tested Rook supports.
func KubernetesForCeph(limit spec.Version) spec.Version {
	return spec.NewestKubernetes(spec.RookChart, spec.Tested().RookCeph, limit)
}

// Plan is what a first stack file says; everything else is left to its default.
type Plan struct {
	// Stack is the stack's name; the file is Pulumi.NAME.yaml.
	Stack  string
	Domain string
	// TalosVersion and KubernetesVersion are the releases to install.
	TalosVersion, KubernetesVersion spec.Version

	NodeCIDRs []netip.Prefix
	// Gateways are the routers, where they are not at the first address of each network.
	Gateways []netip.Addr
	// DHCPRanges are the addresses that the router gives away.
	DHCPRanges []spec.Range
	// VIP is the address of the Kubernetes API; none with a single control plane.
	VIP netip.Addr
	// Pool is the addresses for services, in one pool; none when empty.
	Pool []spec.Range

	// Edge are the gateways' addresses, out of the pool.
	Edge Gateways
	// CloudflareAccount is the id of the account whose tunnel leads in from the internet; none when empty. Email is
	// then the address of the account at Let's Encrypt.
	CloudflareAccount, Email string

	Nodes      []Node
	Repository string
	// OnePasswordVault or AgeRecipient chooses where secrets come from; neither is none.
	OnePasswordVault, AgeRecipient string
	// BreakGlass is where copies of what opens the cluster go; nil for none.
	BreakGlass *spec.BreakGlass

	// Salt is the stack file's encryptionsalt, and Sealed are secrets under it by their keys, as
	// internal/passphrase makes them.
	Salt   string
	Sealed map[string]string
}

// Node is one machine of a plan.
type Node struct {
	Name    string
	Role    spec.Role
	Address netip.Addr
	// MAC or Interface selects the network card.
	MAC       spec.MAC
	Interface string
	Arch      spec.Arch
	// InstallDisk and CephDisks select disks that lose everything on them.
	InstallDisk spec.DiskSelector
	CephDisks   []spec.DiskSelector
	// Note is a comment about the machine.
	Note string
}

//go:embed stack.yaml.tmpl
var stackTemplate string

// Render writes the stack file.
func (p Plan) Render() ([]byte, error) {
	t, err := template.New("stack.yaml.tmpl").Funcs(template.FuncMap{
		"flow":    flow,
		"comment": func(s string) string { return strings.Join(strings.Fields(s), " ") },
	}).Parse(stackTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, p)
	return b.Bytes(), err
}

// PendingSecrets lists the Pulumi secrets that the stack refers to and that only their owner can set.
func (p Plan) PendingSecrets() []string {
	var keys []string
	if p.OnePasswordVault != "" {
		keys = append(keys, "onepasswordCredentials", "onepasswordToken")
	}
	if p.AgeRecipient != "" {
		keys = append(keys, "sopsAgeKey")
	}
	if p.CloudflareAccount != "" {
		keys = append(keys, "cloudflareApiToken")
	}
	return slices.DeleteFunc(keys, func(key string) bool { return p.Sealed[key] != "" })
}

// Check reports what is wrong with the plan, as if its pending secrets were set.
func (p Plan) Check() (*spec.Stack, spec.Problems) {
	text, err := p.Render()
	if err != nil {
		return nil, spec.Problems{{Severity: spec.Error, Message: err.Error()}}
	}
	for _, key := range p.PendingSecrets() {
		text = fmt.Appendf(text, "  %s:%s: { secure: pending }\n", spec.Namespace, key)
	}
	s, problems := spec.Load(p.Stack, text)
	return s, spec.Merge(problems, s.Validate())
}

// SchemaPath is where the file's first line sends editors.
func (Plan) SchemaPath() string { return "spec/schema/stack.schema.json" }

// Contract is the Talos minor release that the cluster is made with.
func (p Plan) Contract() string { return p.TalosVersion.Minor() }

// ExternalSecrets is the release of that chart, where the stack has it and the default does not go with its Kubernetes.
func (p Plan) ExternalSecrets() spec.Version {
	if p.OnePasswordVault == "" {
		return ""
	}
	return spec.ExternalSecretsFor(p.KubernetesVersion)
}

// Arch is the architecture of all nodes, when it is not the default one and they agree.
func (p Plan) Arch() spec.Arch {
	if len(p.Nodes) == 0 || slices.ContainsFunc(p.Nodes, func(n Node) bool { return n.Arch != p.Nodes[0].Arch }) {
		return ""
	}
	return unusual(p.Nodes[0].Arch)
}

// ArchOf is the architecture that a node has to state itself.
func (p Plan) ArchOf(n Node) spec.Arch {
	if p.Arch() != "" {
		return ""
	}
	return unusual(n.Arch)
}

func unusual(a spec.Arch) spec.Arch {
	if a == spec.ArchAMD64 {
		return ""
	}
	return a
}

// DHCP reports whether a node has to get its address from the router, which gives it away otherwise.
func (p Plan) DHCP(n Node) bool {
	return slices.ContainsFunc(p.DHCPRanges, func(r spec.Range) bool { return r.Contains(n.Address) })
}

// CephNodes are the nodes with disks for Ceph.
func (p Plan) CephNodes() []Node {
	return slices.DeleteFunc(slices.Clone(p.Nodes), func(n Node) bool { return len(n.CephDisks) == 0 })
}

// flow writes a value as YAML on one line, quoted where it must be.
func flow(v any) (string, error) {
	var node yaml.Node
	if err := node.Encode(textual(v)); err != nil {
		return "", err
	}
	node.Style = yaml.FlowStyle
	out, err := yaml.Marshal(&node)
	text := strings.TrimSpace(string(out))
	// The usual spacing of this project's files.
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		text = "{ " + strings.TrimSuffix(inner, "}") + " }"
	}
	return text, err
}

// textual turns a disk selector, or lists of values with a written form, into what the YAML encoder knows.
func textual(v any) any {
	switch t := v.(type) {
	case spec.DiskSelector:
		out := map[string]string{}
		for key, value := range map[string]string{"path": t.Path, "serial": t.Serial, "wwid": t.WWID} {
			if value != "" {
				out[key] = value
			}
		}
		return out
	case []netip.Prefix:
		return texts(t)
	case []netip.Addr:
		return texts(t)
	case []spec.Range:
		return texts(t)
	case fmt.Stringer:
		return t.String()
	default:
		return v
	}
}

func texts[T fmt.Stringer](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return out
}
