package bgp

import (
	"slices"
	"strings"
)

// Group is the nodes that hold the same sessions. Every node is in one group at
// most: Cilium refuses a node that two configurations choose.
type Group struct {
	// Name is "bgp" when there is one group, else it lists the sessions' names too.
	Name string
	// Nodes are the nodes' names.
	Nodes []string
	// Sessions are the sessions of each of them.
	Sessions []Session
}

// Groups divides the nodes by the sessions that they hold, in the order in which
// the sessions first name them.
func (p *Plan) Groups() []Group {
	var order []string
	held := map[string][]Session{}
	for _, s := range p.Sessions {
		for _, n := range s.Nodes {
			if _, known := held[n.Name]; !known {
				order = append(order, n.Name)
			}
			held[n.Name] = append(held[n.Name], s)
		}
	}

	var groups []Group
	for _, node := range order {
		name := "bgp-" + strings.Join(names(held[node]), "-")
		at := slices.IndexFunc(groups, func(g Group) bool { return g.Name == name })
		if at < 0 {
			groups = append(groups, Group{Name: name, Sessions: held[node]})
			at = len(groups) - 1
		}
		groups[at].Nodes = append(groups[at].Nodes, node)
	}
	if len(groups) == 1 {
		groups[0].Name = "bgp"
	}
	return groups
}

func names(sessions []Session) []string {
	out := make([]string, 0, len(sessions))
	for _, s := range sessions {
		out = append(out, s.Name)
	}
	return out
}
