package diff

import (
	"slices"
	"strings"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

// Contract is a newer form of the machine configs: one that the step switches to, or one that the step makes possible.
type Contract struct {
	From spec.Version `json:"from"`
	To   spec.Version `json:"to"`
	// Offered says that the step does not switch to it.
	Offered bool `json:"offered,omitempty"`
	// Settings are the effective settings that become other ones. Without any, the form alone changes.
	Settings []Setting `json:"settings"`
	// Blocked is why the stack file cannot have it yet.
	Blocked string `json:"blocked,omitempty"`
}

// Setting is a setting that is another one under the newer contract, on the nodes where it is.
type Setting struct {
	Nodes   []string `json:"nodes"`
	Setting string   `json:"setting"`
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"`
	// Effect says what the difference does; empty where this program does not know it.
	Effect string `json:"effect,omitempty"`
}

// contract compares what the machines do under both contracts, where the step switches to a newer one, or raises Talos
// to a minor that has a newer one; else it is nil. It reads both forms as Talos does, so that a setting which has moved
// to another document counts as the same.
func contract(before, after *Side) *Contract {
	if before.Stack == nil || after.Stack == nil {
		return nil
	}
	was, is := before.Stack.Cluster, after.Stack.Cluster
	c := &Contract{From: was.TalosContract, To: is.TalosContract, Settings: []Setting{}}
	if was.TalosContract == is.TalosContract {
		c.To, c.Offered = spec.Version(is.TalosVersion.Minor()), true
		if was.TalosVersion.Minor() == is.TalosVersion.Minor() || is.TalosContract == c.To {
			return nil
		}
	}
	old, wanted := *after.Stack, *after.Stack
	old.Cluster.TalosContract, wanted.Cluster.TalosContract = c.From, c.To
	if err := wanted.Validate().Err(); err != nil {
		c.Blocked = err.Error()
		return c
	}
	secrets := machineconfig.Placeholder(&old)
	for _, node := range old.Nodes {
		differences, err := machineconfig.CompareContracts(&old, node, c.To, secrets)
		if err != nil {
			c.Blocked = err.Error()
			return c
		}
		for _, difference := range differences {
			c.add(node.Name, difference)
		}
	}
	return c
}

// add puts nodes with the same difference together.
func (c *Contract) add(node string, difference machineconfig.Difference) {
	i := slices.IndexFunc(c.Settings, func(s Setting) bool {
		return s.Setting == difference.Setting && s.Before == difference.Before && s.After == difference.After
	})
	if i < 0 {
		c.Settings = append(c.Settings, Setting{
			Setting: difference.Setting, Before: difference.Before, After: difference.After, Effect: difference.Effect,
		})
		i = len(c.Settings) - 1
	}
	c.Settings[i].Nodes = append(c.Settings[i].Nodes, node)
}

// formOnly takes back what the changes of machine configs would cost by themselves: with another contract, settings
// move between documents. What they do is in the contract's settings; whether a machine is upgraded, its installer says.
func formOnly(machines []Machine, before, after *spec.Stack) {
	for i := range machines {
		machine := &machines[i]
		if machine.Effect >= Anew {
			continue
		}
		machine.Effect = Live
		if installer(before, machine.Node) != installer(after, machine.Node) {
			machine.Effect = Upgrade
		}
		for j := range machine.Changes {
			machine.Changes[j].Effect = Live
		}
	}
}

func installer(stack *spec.Stack, node string) string {
	i := slices.IndexFunc(stack.Nodes, func(n spec.Node) bool { return n.Name == node })
	if i < 0 {
		return ""
	}
	return stack.InstallerImage(stack.Nodes[i])
}

// rewritten names the machines alone: with another contract nearly every line of a config moves, and what it does is in
// the contract's settings.
func (p *printer) rewritten(all []Machine) {
	for effect := range effects {
		var nodes []string
		for _, machine := range all {
			if machine.Effect == Effect(effect) {
				nodes = append(nodes, machine.Node)
			}
		}
		switch len(nodes) {
		case 0:
		case 1:
			p.linef("  %s: %s", nodes[0], verbs[effect][0])
		default:
			p.linef("  %s: %s", strings.Join(nodes, ", "), verbs[effect][1])
		}
	}
}

func (p *printer) contract(c *Contract) {
	if c == nil {
		return
	}
	p.linef("  %s", c.headline())
	for _, setting := range c.Settings {
		p.change("    ", setting.Setting, orOff(setting.Before), orOff(setting.After), "")
		effect := setting.Effect
		if effect == "" {
			effect = "what it does is not known to this program: understand it first"
		}
		p.linef("        %s: %s", strings.Join(setting.Nodes, ", "), effect)
	}
}

func (c *Contract) headline() string {
	text := "cluster.talosContract: " + string(c.From) + " -> " + string(c.To)
	if c.Offered {
		text = "can follow: " + text
	}
	switch {
	case c.Blocked != "":
		return text + ", but " + c.Blocked
	case len(c.Settings) == 0:
		return text + ", which changes the form of the machine configs and no setting"
	default:
		return text + ", which changes the form of the machine configs and these settings"
	}
}

func orOff(value string) string {
	if value == "" {
		return "off"
	}
	return value
}
