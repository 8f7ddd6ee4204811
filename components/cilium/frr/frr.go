package frr

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"text/template"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

// maxPaths is the most next hops that FRR takes for one route as most
// distributions build it.
const maxPaths = 64

//go:embed frr.conf.tmpl
var source string

var conf = template.Must(template.New("frr.conf").Parse(source))

// Config is the configuration of one router for its sessions with the cluster. A
// password stands in it as a placeholder, {{ REFERENCE }}: for a reference to
// 1Password that is the form that `op inject` replaces.
func Config(plan *bgp.Plan, router bgp.Router) ([]byte, error) {
	var out bytes.Buffer
	if err := conf.Execute(&out, dataOf(plan, router)); err != nil {
		return nil, fmt.Errorf("frr.conf for %s: %w", router.Name, err)
	}
	return out.Bytes(), nil
}

// Configs is the configuration of every router that the stack peers with, by the
// router's name.
func Configs(stack *spec.Stack) (map[string][]byte, error) {
	plan, err := bgp.New(stack)
	if err != nil || plan == nil {
		return nil, err
	}
	configs := map[string][]byte{}
	for _, router := range plan.Routers() {
		if configs[router.Name], err = Config(plan, router); err != nil {
			return nil, err
		}
	}
	return configs, nil
}

// data is what the template prints.
type data struct {
	Cluster, Name string
	ASN           string
	// NodeASNs are the nodes' autonomous systems.
	NodeASNs string
	// Several reports whether they are more than one.
	Several bool
	// NodePort is where the nodes listen; zero when they only call.
	NodePort     int
	ID           netip.Addr
	Families     []family
	Sessions     []session
	Placeholders []placeholder
}

// placeholder is text that stands for what this program does not know or does not tell.
type placeholder struct{ What, Text string }

// family is what the router accepts in one address family, and from whom.
type family struct {
	// Name is ipv4 or ipv6; List begins the command that makes a prefix list.
	Name, List string
	In, Out    string
	Accept     []entry
	MaxPaths   int
	// Group is the peer group of the nodes.
	Group string
}

// entry is one line of a prefix list.
type entry struct {
	Seq    int
	Prefix netip.Prefix
	// Lengths limits how long a route may be: " ge 24 le 32", or nothing for the
	// prefix itself.
	Lengths string
}

// session is a peer group, and the nodes in it.
type session struct {
	bgp.Session
	Group    string
	Password string
}

func dataOf(plan *bgp.Plan, router bgp.Router) data {
	d := data{Cluster: plan.Cluster, Name: router.Name, ASN: fmt.Sprint(router.ASN), NodePort: plan.LocalPort, ID: router.ID}
	if router.ASN == 0 {
		d.ASN = "{{ AS number of " + router.Name + " }}"
		d.Placeholders = append(d.Placeholders, placeholder{"the router's own AS number", d.ASN})
	}
	asns := nodeASNs(router)
	d.NodeASNs, d.Several = strings.Join(asns, ", "), len(asns) > 1
	for _, s := range router.Sessions {
		group := plan.Cluster + "-" + s.Name
		password := ""
		if s.PasswordRef != "" {
			password = "{{ " + string(s.PasswordRef) + " }}"
			if p := (placeholder{"the session's password", password}); !slices.Contains(d.Placeholders, p) {
				d.Placeholders = append(d.Placeholders, p)
			}
		}
		d.Sessions = append(d.Sessions, session{Session: s, Group: group, Password: password})
		d.Families = append(d.Families, family{
			Name:     s.Family(),
			List:     map[bool]string{false: "ip", true: "ipv6"}[s.Is6()],
			In:       fmt.Sprintf("%s-announced-%s", plan.Cluster, s.Family()),
			Out:      fmt.Sprintf("%s-nothing-%s", plan.Cluster, s.Family()),
			Accept:   entries(s.Announced),
			MaxPaths: min(max(len(s.Nodes), 1), maxPaths),
			Group:    group,
		})
	}
	return d
}

// nodeASNs are the autonomous systems of the nodes that peer with a router, in order.
func nodeASNs(router bgp.Router) []string {
	var numbers []uint32
	for _, s := range router.Sessions {
		for _, n := range s.Nodes {
			numbers = append(numbers, n.ASN)
		}
	}
	slices.Sort(numbers)
	var out []string
	for _, n := range slices.Compact(numbers) {
		out = append(out, fmt.Sprint(n))
	}
	return out
}

// entries numbers the lines in steps, so that one can be put between by hand
// while looking for a fault.
func entries(announced []bgp.Announced) []entry {
	var out []entry
	for i, a := range announced {
		var lengths strings.Builder
		if a.Shortest > a.Prefix.Bits() {
			fmt.Fprintf(&lengths, " ge %d", a.Shortest)
		}
		if a.Longest > a.Prefix.Bits() {
			fmt.Fprintf(&lengths, " le %d", a.Longest)
		}
		out = append(out, entry{Seq: 10 * (i + 1), Prefix: a.Prefix, Lengths: lengths.String()})
	}
	return out
}
