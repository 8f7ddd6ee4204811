package cilium

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// routerConf is what a router's configuration says, read line by line and by
// nothing that wrote it.
type routerConf struct {
	asn       string
	lists     map[string][]listEntry
	groups    map[string]map[string]string
	neighbors map[netip.Addr]string
	// remote is the AS of each neighbour that has one of its own.
	remote map[netip.Addr]string
	// families holds, for each address family, the settings of each group in it.
	families map[string]map[string]map[string]string
	paths    map[string]int
}

type listEntry struct {
	permit bool
	prefix netip.Prefix
	ge, le int
}

// accepts follows FRR's rules: the first entry that matches decides; without ge
// and le only the very prefix matches; nothing matching is a refusal.
func (c *routerConf) accepts(list string, route netip.Prefix) bool {
	for _, e := range c.lists[list] {
		shortest, longest := e.prefix.Bits(), e.prefix.Bits()
		if e.ge > 0 {
			shortest, longest = e.ge, route.Addr().BitLen()
		}
		if e.le > 0 {
			longest = e.le
		}
		same := e.prefix.Addr().Is4() == route.Addr().Is4()
		if same && e.prefix.Contains(route.Addr()) && route.Bits() >= shortest && route.Bits() <= longest {
			return e.permit
		}
	}
	return false
}

func parseRouter(t *testing.T, text string) *routerConf {
	t.Helper()
	c := &routerConf{
		lists: map[string][]listEntry{}, groups: map[string]map[string]string{}, neighbors: map[netip.Addr]string{}, remote: map[netip.Addr]string{},
		families: map[string]map[string]map[string]string{}, paths: map[string]int{},
	}
	family := ""
	for number, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "!" || words[0] == "exit" {
			continue
		}
		switch words[0] {
		case "ip", "ipv6":
			c.list(t, words)
		case "router":
			c.asn = strings.Join(words[2:], " ")
		case "address-family":
			family = words[1]
			c.families[family] = map[string]map[string]string{}
		case "exit-address-family":
			family = ""
		case "maximum-paths":
			c.paths[family] = number32(t, words[1])
		case "neighbor":
			c.neighbor(t, family, words[1], words[2:])
		case "bgp", "no":
		default:
			t.Errorf("line %d: %s: what is that?", number+1, line)
		}
	}
	return c
}

// list reads: ip prefix-list NAME seq N permit|deny PREFIX|any [ge N] [le N].
func (c *routerConf) list(t *testing.T, words []string) {
	t.Helper()
	e := listEntry{permit: words[5] == "permit"}
	if words[6] == "any" {
		e.prefix = netip.MustParsePrefix(map[string]string{"ip": "0.0.0.0/0", "ipv6": "::/0"}[words[0]])
		e.le = e.prefix.Addr().BitLen()
	} else {
		e.prefix = netip.MustParsePrefix(words[6])
	}
	for i := 7; i+1 < len(words); i += 2 {
		switch words[i] {
		case "ge":
			e.ge = number32(t, words[i+1])
		case "le":
			e.le = number32(t, words[i+1])
		}
	}
	c.lists[words[2]] = append(c.lists[words[2]], e)
}

// neighbor reads a line about a group or an address, inside a family or not.
func (c *routerConf) neighbor(t *testing.T, family, who string, words []string) {
	t.Helper()
	key, value := words[0], strings.Join(words[1:], " ")
	address, err := netip.ParseAddr(who)
	switch {
	case err == nil && key == "peer-group":
		c.neighbors[address] = value
	case err == nil && key == "remote-as":
		c.remote[address] = value
	case err == nil:
	case family == "" && key == "peer-group":
		c.groups[who] = map[string]string{}
	case family == "":
		c.groups[who][key] = value
	default:
		if c.families[family][who] == nil {
			c.families[family][who] = map[string]string{}
		}
		if key == "prefix-list" {
			key, value = "prefix-list "+words[2], words[1]
		}
		c.families[family][who][key] = value
	}
}

func number32(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}
