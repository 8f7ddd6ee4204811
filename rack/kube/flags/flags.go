// Package flags builds the command line of a control-plane component out of what Talos sets and what the machine config
// adds to it.
package flags

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Set is a command line as names, without dashes, and values.
type Set map[string]string

// Rule says what happens to a flag that both Talos and the config set. Without one the config wins.
type Rule struct {
	names    []string
	additive bool
}

// Deny refuses the config's value: the flag holds the component together.
func Deny(names ...string) Rule { return Rule{names: names} }

// Add puts the config's value behind Talos's, separated by a comma.
func Add(names ...string) Rule { return Rule{names: names, additive: true} }

// Keys are the names, sorted.
func (s Set) Keys() []string { return slices.Sorted(maps.Keys(s)) }

// Default sets a flag that has no value yet.
func (s Set) Default(name, value string) {
	if _, ok := s[name]; !ok {
		s[name] = value
	}
}

// Merge adds the config's extra arguments under the rules. The values of a flag that is given more than once are
// joined by commas, which every such flag of these programs takes as well.
func (s Set) Merge(extra map[string][]string, rules ...Rule) error {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		own, taken := s[name]
		value := strings.Join(extra[name], ",")
		rule := ruleFor(name, rules)
		switch {
		case rule != nil && !rule.additive:
			return fmt.Errorf("%s: Talos sets this flag itself and lets no config change it; remove it", name)
		case rule != nil && taken && own != "":
			s[name] = own + "," + value
		default:
			s[name] = value
		}
	}
	return nil
}

func ruleFor(name string, rules []Rule) *Rule {
	for i := range rules {
		if slices.Contains(rules[i].names, name) {
			return &rules[i]
		}
	}
	return nil
}

// Args are the flags as --NAME=VALUE, sorted by name.
func (s Set) Args() []string {
	args := make([]string, 0, len(s))
	for _, name := range s.Keys() {
		args = append(args, "--"+strings.TrimLeft(name, "-")+"="+s[name])
	}
	return args
}
